import { hkdfSync, timingSafeEqual } from 'node:crypto';
import type { About } from '@taskmaster/contracts/http/service';
import { Problem } from '@taskmaster/contracts/problems';

/**
 * Who may sign up. Open: anyone. Closed: whoever was invited; the first account needs the one-time link that the program
 * prints: so nobody on the network can take a fresh installation.
 */
export function createAdmission({
  secret,
  sign_up,
  mail,
  isFirst,
  takeInvitation,
}: {
  secret: string;
  sign_up: 'open' | 'closed';
  mail: boolean;
  isFirst(): Promise<boolean>;
  /** True for one account for each link that was handed out. */
  takeInvitation(token: string, email: string): Promise<boolean>;
}) {
  // The same at every instance, and after a restart.
  const invite = Buffer.from(hkdfSync('sha256', secret, '', 'taskmaster first account', 24)).toString('base64url');
  let hasAccounts = false;
  return {
    /** @throws Problem sign_up_closed */
    async admit(given: string | undefined, email: string): Promise<void> {
      if (sign_up === 'open') return;
      if (await isFirst()) {
        if (given !== undefined && same(given, invite)) return;
        throw new Problem(
          'sign_up_closed',
          'The first account needs the link that the program printed when it started.',
        );
      }
      if (given !== undefined && (await takeInvitation(given, email))) return;
      throw new Problem('sign_up_closed', 'Ask whoever runs this place for an account.');
    },
    /** Asked by anybody: of the database only until there is an account. */
    about: async (): Promise<About> => {
      hasAccounts ||= !(await isFirst());
      return { has_accounts: hasAccounts, sign_up, mail };
    },
    firstAccountPath: async (): Promise<string | undefined> =>
      sign_up === 'closed' && (await isFirst()) ? `/sign-up?invite=${invite}` : undefined,
  };
}

const same = (a: string, b: string): boolean => {
  const [one, other] = [Buffer.from(a), Buffer.from(b)];
  return one.length === other.length && timingSafeEqual(one, other);
};
