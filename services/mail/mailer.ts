import { createTransport } from 'nodemailer';

/** What is said, in both forms; neither holds anything that was not escaped for its form. */
export interface Letter {
  subject: string;
  text: string;
  html: string;
}

export interface Post extends Letter {
  to: string;
  /** The same for every try of one letter, so that a second copy collapses into the first. */
  message_id: string;
  /** RFC 8058: an address that takes a POST without asking anything. */
  unsubscribe_url?: string;
}

/** The server will not take this letter, now or later. Its answer, without the address. */
export class MailRefused extends Error {}
/** Not taken, or not known: the answer was lost, the server is away or busy. To be tried again. */
export class MailNotTaken extends Error {}

export interface Mailer {
  /** Resolves when the server has taken it. @throws MailRefused | MailNotTaken */
  send(post: Post): Promise<void>;
  close(): void;
}

const PATIENCE = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 20_000 };

/** Undefined where this place cannot send mail. */
export const mailerOf = ({ SMTP_URL, MAIL_FROM }: { SMTP_URL?: string | undefined; MAIL_FROM?: string | undefined }) =>
  SMTP_URL && MAIL_FROM ? createMailer({ smtp_url: SMTP_URL, from: MAIL_FROM }) : undefined;

/** Letters by SMTP: `smtp(s)://user:password@host:port`, a few connections kept open. */
export function createMailer(options: { smtp_url: string; from: string }): Mailer {
  const transport = createTransport(
    {
      url: options.smtp_url,
      pool: true,
      maxConnections: 4,
      disableFileAccess: true,
      disableUrlAccess: true,
      ...PATIENCE,
    },
    { from: options.from },
  );
  return {
    async send({ to, subject, text, html, message_id, unsubscribe_url }) {
      const list = unsubscribe_url
        ? {
            'List-Unsubscribe': `<${unsubscribe_url}>`,
            'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
          }
        : {};
      try {
        await transport.sendMail({
          // As an object: an address is never read as a list of addresses.
          to: { name: '', address: to },
          subject,
          text,
          html,
          messageId: `<${message_id}>`,
          headers: { ...list, 'Auto-Submitted': 'auto-generated' },
        });
      } catch (error) {
        const { responseCode, command } = error as { responseCode?: number; command?: string };
        // Of the letter or its address; a refused greeting or sign-in is the operator's to mend, and may be mended.
        const aboutLetter = command !== undefined && /^(MAIL FROM|RCPT TO|DATA)$/.test(command);
        const said = responseCode ? `the mail server answered ${responseCode}` : reasonOf(error);
        if (responseCode !== undefined && responseCode >= 500 && aboutLetter) throw new MailRefused(said);
        throw new MailNotTaken(said);
      }
    },
    close: () => transport.close(),
  };
}

function reasonOf(error: unknown): string {
  const { code } = error as { code?: string };
  const words: Record<string, string> = {
    ETIMEDOUT: 'the mail server did not answer in time',
    EAUTH: 'the mail server refused to let TaskMaster in',
    EDNS: 'the mail server’s name is not known',
    ETLS: 'the mail server’s encryption does not work',
  };
  return words[code ?? ''] ?? 'the mail server is away';
}
