import { createServer, type Socket } from 'node:net';

export interface Taken {
  to: string;
  message_id: string;
  subject: string;
  raw: string;
}
/** How the server treats the next letters. `cut`: it takes the letter, and the answer is lost; `slow`: the answer takes a second. */
export type Mode = 'take' | 'refuse' | 'busy' | 'stall' | 'cut' | 'slow';

/** A mail server on loopback that speaks SMTP (RFC 5321) as far as a client needs, keeps what it took, and fails when told to. */
export async function startSmtpSink() {
  const taken: Taken[] = [];
  const sockets = new Set<Socket>();
  let mode: Mode = 'take';

  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    const say = (line: string) => void socket.write(`${line}\r\n`);
    let to = '';
    let letter: string[] | undefined;
    let rest = '';
    say('220 sink ESMTP');
    socket.on('data', (bytes) => {
      const lines = (rest + String(bytes)).split('\r\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (letter && line !== '.') letter.push(line.replace(/^\.\./, '.'));
        else if (letter) {
          const done = letterOf(to, letter.join('\n'));
          letter = undefined;
          if (mode === 'stall') return;
          taken.push(done);
          if (mode === 'cut') return void socket.destroy();
          if (mode === 'slow') setTimeout(say, 1_000, '250 taken');
          else say('250 taken');
        } else obey(line);
      }
    });
    function obey(line: string): void {
      const [verb = ''] = line.toUpperCase().split(/[ :]/);
      if (verb === 'EHLO' || verb === 'HELO') say('250 sink');
      else if (verb === 'RCPT') {
        to = /<([^>]*)>/.exec(line)?.[1] ?? '';
        say(mode === 'refuse' ? '550 no such mailbox' : mode === 'busy' ? '451 later' : '250 ok');
      } else if (verb === 'DATA') {
        letter = [];
        say('354 go on');
      } else if (verb === 'QUIT') {
        say('221 bye');
        socket.end();
      } else say('250 ok');
    }
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as { port: number };
  return {
    url: `smtp://127.0.0.1:${port}`,
    taken,
    to: (email: string): Taken[] => taken.filter((one) => one.to === email),
    set(next: Mode): void {
      mode = next;
    },
    async stop(): Promise<void> {
      for (const socket of sockets) socket.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
}
export type SmtpSink = Awaited<ReturnType<typeof startSmtpSink>>;

function letterOf(to: string, raw: string): Taken {
  const message_id = headerOf({ raw }, 'Message-ID');
  return { to, raw, message_id, subject: decoded(headerOf({ raw }, 'Subject')) };
}

/** A header, unfolded; empty where there is none. */
export const headerOf = ({ raw }: Pick<Taken, 'raw'>, name: string): string =>
  new RegExp(`^${name}:\\s*(.*(?:\n[ \\t].*)*)`, 'im').exec(raw)?.[1]?.replaceAll(/\n\s+/g, ' ') ?? '';

/** RFC 2047, the encoding that is mostly words. */
const decoded = (header: string): string =>
  header.replaceAll(/=\?UTF-8\?Q\?(.*?)\?=\s*/gi, (_all, words: string) => fromHex(words.replaceAll('_', ' ')));

const fromHex = (text: string): string =>
  text.replaceAll(/=([0-9A-F]{2})/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

/** The letter's words: what quoted-printable wrapped is put together again. */
export const wordsOf = ({ raw }: Taken): string => fromHex(raw.replaceAll('=\n', ''));
