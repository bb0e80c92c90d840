import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@taskmaster/runtime/telemetry';
import { v7 } from 'uuid';
import { movedLetter, newAddressLetter, resetLetter, verificationLetter } from '../../mail/letters.ts';
import { type Letter, type Mailer, MailNotTaken } from '../../mail/mailer.ts';
import type { AccountMails } from './better-auth.ts';

const AGAIN_AFTER = [1_000, 5_000, 25_000];

/**
 * Letters about the account itself. Their links are made from where this place is reached, never from what a request says
 * of itself. Somebody waits for them: tried four times within half a minute, and asked for again by the person after that.
 */
export function createAccountMails(mailer: Mailer, address: string, log: Logger): AccountMails {
  async function post(email: string, letter: Letter): Promise<void> {
    const message_id = `${v7()}@${new URL(address).hostname}`;
    for (const wait of [...AGAIN_AFTER, undefined]) {
      try {
        return await mailer.send({ ...letter, to: email, message_id });
      } catch (error) {
        log.warn({ err: (error as Error).message, message_id }, 'account mail not handed over');
        if (wait === undefined || !(error instanceof MailNotTaken)) return;
        await sleep(wait, undefined, { ref: false });
      }
    }
  }
  const link = (path: string, query: Record<string, string>) => `${address}${path}?${new URLSearchParams(query)}`;
  return {
    verification: ({ name, email }, token) => {
      const url = link('/confirm-address', { token });
      void post(email, verificationLetter({ name, url }));
    },
    newAddress: ({ name, email }, token) =>
      void post(email, newAddressLetter({ name, url: link('/confirm-address', { token }) })),
    moved: (to, email) => void post(to.email, movedLetter({ name: to.name, email })),
    reset: ({ name, email }, token) => void post(email, resetLetter({ name, url: link('/new-password', { token }) })),
  };
}
