import { Problem } from '@taskmaster/contracts/problems';
import type { FastifyRequest } from 'fastify';
import type { Caller } from '../caller.ts';
import type { Auth } from './better-auth.ts';
import type { People } from './people.ts';
import type { Sessions } from './sessions.ts';
import type { Tokens } from './tokens.ts';

export interface Authenticated extends Caller {
  sid: string;
}
export type Authenticate = (request: FastifyRequest) => Promise<Authenticated>;

const COOKIE_TRUSTED_FOR = 5_000;

/**
 * Who sends this request: a Bearer JWT, or a browser's cookie. A cookie counts for a change only from our own page.
 * @throws Problem unauthenticated | foreign_origin
 */
export function createAuthenticate(parts: {
  auth: Auth;
  tokens: Tokens;
  sessions: Sessions;
  people: People;
  public_url?: string;
}): Authenticate {
  const cookies = new Map<string, { sid: string; at: number }>();

  async function sidOfCookie(request: FastifyRequest): Promise<string> {
    const cookie = request.headers.cookie;
    if (!cookie) throw new Problem('unauthenticated');
    const known = cookies.get(cookie);
    if (known && Date.now() - known.at < COOKIE_TRUSTED_FOR) return known.sid;
    const host = request.headers.host ?? 'localhost';
    const found = await parts.auth.api.getSession({ headers: new Headers({ cookie, host }) });
    if (!found) throw new Problem('unauthenticated');
    if (cookies.size > 5_000) cookies.clear();
    cookies.set(cookie, { sid: found.session.id, at: Date.now() });
    return found.session.id;
  }

  return async (request) => {
    const header = request.headers.authorization;
    let sid: string;
    if (header?.startsWith('Bearer ')) sid = (await parts.tokens.claims(header.slice(7))).sid;
    else {
      if (request.headers.cookie === undefined) throw new Problem('unauthenticated');
      if (request.method !== 'GET' && request.method !== 'HEAD') requireOwnOrigin(request, parts.public_url);
      sid = await sidOfCookie(request);
    }
    const session = await parts.sessions.get(sid);
    if (!session) throw new Problem('unauthenticated', 'The session has ended.');
    return { ...(await parts.people.caller(session)), sid };
  };
}

/** Against requests that another site makes a browser send (CSRF): Origin and Sec-Fetch-Site must be ours. */
export function requireOwnOrigin(request: FastifyRequest, publicUrl: string | undefined): void {
  const site = request.headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') throw new Problem('foreign_origin');
  const origin = request.headers.origin;
  if (origin === undefined) {
    if (site === undefined) throw new Problem('foreign_origin', 'A cookie needs an Origin header beside it.');
    return;
  }
  if (!isOwnOrigin(origin, request.headers.host, publicUrl)) throw new Problem('foreign_origin');
}

export function isOwnOrigin(origin: string, host: string | undefined, publicUrl: string | undefined): boolean {
  if (publicUrl) return origin === new URL(publicUrl).origin;
  return origin === `http://${host}` || origin === `https://${host}`;
}
