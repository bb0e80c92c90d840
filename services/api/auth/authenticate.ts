import { Problem } from '@taskmaster/contracts/problems';
import type { Sender } from '@taskmaster/contracts/questions';
import { refusedTo } from '../../http/identity.ts';
import { isOwnOrigin } from '../../http/origin.ts';
import type { Caller } from '../caller.ts';
import { type ApiTokens, TOKEN_PREFIX } from './api-tokens.ts';
import type { Auth } from './better-auth.ts';
import { closedProblem } from './closing.ts';
import type { People } from './people.ts';
import { isOpen } from './scopes.ts';
import type { Sessions } from './sessions.ts';
import type { Tokens } from './tokens.ts';

export interface Authenticated extends Caller {
  sid: string;
}
/** What a session's id begins with where it is none, but a token. */
export const TOKEN_SID = 'token:';
/** `closed too`: also whoever closed their account, and may take it back. */
export type Authenticate = (sender: Sender, who?: 'open alone' | 'closed too') => Promise<Authenticated>;

const COOKIE_TRUSTED_FOR = 5_000;

/**
 * Who sends this request: a Bearer JWT, an API token, or a browser's cookie. A cookie counts for a change only from our own page.
 * A refusal to somebody known says to whom.
 * @throws Problem unauthenticated | foreign_origin | account_closed
 */
export function createAuthenticate(parts: {
  auth: Auth;
  apiTokens: ApiTokens;
  tokens: Tokens;
  sessions: Sessions;
  people: People;
  public_url?: string;
}): Authenticate {
  const cookies = new Map<string, { sid: string; at: number }>();

  async function sidOfCookie(cookie: string, host = 'localhost'): Promise<string> {
    if (cookie === '') throw new Problem('unauthenticated');
    const known = cookies.get(cookie);
    if (known && Date.now() - known.at < COOKIE_TRUSTED_FOR) return known.sid;
    const found = await parts.auth.api.getSession({ headers: new Headers({ cookie, host }) });
    if (!found) throw new Problem('unauthenticated');
    if (cookies.size > 5_000) cookies.clear();
    cookies.set(cookie, { sid: found.session.id, at: Date.now() });
    return found.session.id;
  }

  /** A program that a person gave a token to: it acts as that person, as far as the token's scopes reach. */
  async function byToken({ method, route }: Sender, given: string): Promise<Authenticated> {
    const { token_id, user_id, scopes } = await parts.apiTokens.read(given);
    const caller = await parts.people.known(user_id);
    if (!caller) throw new Problem('unauthenticated', 'The token is not valid, or no longer.');
    if (!isOpen(scopes, method, route))
      throw refusedTo(user_id, new Problem('forbidden', 'This token’s scopes do not reach there.'));
    // Not for running the place, whoever gave it.
    return { ...caller, role: 'user', actor: { kind: 'token', id: token_id }, sid: TOKEN_SID + token_id };
  }

  return async (sender, who = 'open alone') => {
    const { authorization: header, cookie, host } = sender.headers;
    if (header?.startsWith(`Bearer ${TOKEN_PREFIX}`)) return byToken(sender, header.slice(7));
    let sid: string;
    if (header?.startsWith('Bearer ')) sid = (await parts.tokens.claims(header.slice(7))).sid;
    else {
      if (cookie === undefined) throw new Problem('unauthenticated');
      if (sender.method !== 'GET' && sender.method !== 'HEAD') requireOwnOrigin(sender.headers, parts.public_url);
      sid = await sidOfCookie(cookie, host);
    }
    const session = await parts.sessions.get(sid);
    if (!session) throw new Problem('unauthenticated', 'The session has ended.');
    const caller = await parts.people.caller(session);
    if (caller.closed_at !== null && who === 'open alone')
      throw refusedTo(session.user_id, closedProblem(caller.closed_at));
    return { ...caller, sid };
  };
}

/** Against requests that another site makes a browser send (CSRF): Origin and Sec-Fetch-Site must be ours. */
export function requireOwnOrigin(headers: Sender['headers'], publicUrl: string | undefined): void {
  const { 'sec-fetch-site': site, origin, host } = headers;
  if (site !== undefined && site !== 'same-origin' && site !== 'none') throw new Problem('foreign_origin');
  if (origin === undefined) {
    if (site === undefined) throw new Problem('foreign_origin', 'A cookie needs an Origin header beside it.');
    return;
  }
  if (!isOwnOrigin(origin, host, publicUrl)) throw new Problem('foreign_origin');
}
