import type { Act } from '@taskmaster/contracts/events/act';
import { Problem, type ProblemCode, problemCodes } from '@taskmaster/contracts/problems';
import type { Administration } from '../../http/admin.ts';
import { senderOf } from '../../http/identity.ts';
import type { Limiter } from '../../http/limiter.ts';
import type { Http } from '../../http/server.ts';
import { requireOwnOrigin } from '../auth/authenticate.ts';
import { ADDRESS_HEADER, type Auth } from '../auth/better-auth.ts';

/** What is limited for each address as well: tries, and letters to it. */
const PER_ADDRESS = new Set([
  '/sign-in/email',
  '/sign-up/email',
  '/request-password-reset',
  '/send-verification-email',
]);

/** Of all that Better Auth answers, what people and their programs need here. The rest is nobody's. */
const OPEN: Record<string, ReadonlySet<string>> = {
  GET: new Set(['/get-session', '/list-sessions', '/token', '/jwks']),
  POST: new Set([
    ...PER_ADDRESS,
    '/sign-out',
    '/reset-password',
    '/change-password',
    '/revoke-session',
    '/revoke-sessions',
    '/revoke-other-sessions',
  ]),
};

/** Better Auth under `/api/auth/*`; its refusals leave as our problems, its limits are ours. */
export function authRoutes(parts: {
  http: Http;
  auth: Auth;
  limiter: Limiter;
  public_url?: string;
  record: Administration['record'];
  /** Some session of theirs, or all of them, are over. */
  onSessionsEnded(userId: string): void;
  onPasswordChanged(userId: string): Promise<void>;
  /** Whose address it is. */
  userOf(email: string): Promise<string | undefined>;
}): void {
  const { http, auth, limiter } = parts;
  http.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));

    scope.route({
      method: ['GET', 'POST'],
      url: '/api/auth/*',
      schema: { hide: true },
      handler: async (request, reply) => {
        const url = addressOf(request.url, parts.public_url ?? `http://${request.headers.host}`);
        const path = url.pathname.slice('/api/auth'.length);
        if (!OPEN[request.method === 'HEAD' ? 'GET' : request.method]?.has(path)) throw new Problem('not_found');
        let text = typeof request.body === 'string' ? request.body : '';
        if (request.method === 'POST') {
          if (text !== '' && !isObject(text)) throw new Problem('malformed', 'The body is not a JSON object.');
          requirePlain(text);
          if (request.headers.cookie !== undefined || request.headers.origin !== undefined)
            requireOwnOrigin(senderOf(request).headers, parts.public_url);
          if (path !== '/sign-out') limiter.take(`address:${request.ip}`);
          if (PER_ADDRESS.has(path)) {
            limiter.take(`email:${emailIn(text)}`);
          }
          // A password is changed where somebody else may know it: they are signed out, whether the caller asks for it or not.
          if (path === '/change-password')
            text = JSON.stringify({ ...(JSON.parse(text || '{}') as object), revokeOtherSessions: true });
        }
        const headers = new Headers();
        for (const [name, value] of Object.entries(request.headers)) {
          if (
            typeof value === 'string' &&
            !name.startsWith('x-forwarded') &&
            name !== 'content-length' &&
            name !== ADDRESS_HEADER
          )
            headers.set(name, value);
        }
        headers.set(ADDRESS_HEADER, request.ip);
        // Of those that end a session, whose it was is known before alone.
        const caller = ENDS_SESSIONS.has(path) ? (await auth.api.getSession({ headers }))?.user.id : undefined;
        const answer = await auth.handler(
          new Request(url, { method: request.method, headers, ...(text ? { body: text } : {}) }),
        );
        if (caller) parts.onSessionsEnded(caller);
        if (caller && answer.ok && path === '/change-password') await parts.onPasswordChanged(caller);
        const act = await actOf(path, text, answer.clone(), caller, parts.userOf);
        if (act) await parts.record(request, act);
        if (answer.status >= 400) throw await problemOf(answer);
        for (const [name, value] of answer.headers)
          if (name !== 'set-cookie' && name !== 'content-length') reply.header(name, value);
        const cookies = answer.headers.getSetCookie();
        if (cookies.length > 0) reply.header('set-cookie', cookies);
        return reply
          .code(answer.status)
          .header('cache-control', 'no-store')
          .send(await answer.text());
      },
    });
  });
}

const ENDS_SESSIONS = new Set([
  '/sign-out',
  '/revoke-session',
  '/revoke-sessions',
  '/revoke-other-sessions',
  '/change-password',
]);
/** What the audit log calls it, where it came to something. */
const ACTS: { readonly [path: string]: Act['action'] } = {
  '/sign-in/email': 'signed_in',
  '/sign-up/email': 'signed_up',
  '/sign-out': 'signed_out',
  '/revoke-session': 'sessions_ended',
  '/revoke-sessions': 'sessions_ended',
  '/revoke-other-sessions': 'sessions_ended',
  '/change-password': 'password_changed',
};

/** What the audit log is told of. */
async function actOf(
  path: string,
  text: string,
  answer: Response,
  caller: string | undefined,
  userOf: (email: string) => Promise<string | undefined>,
): Promise<Pick<Act, 'action' | 'who' | 'by_stranger'> | undefined> {
  // Which address it was stands nowhere: who has it sees the try among their own acts.
  if (path === '/sign-in/email' && answer.status === 401) {
    const user_id = await userOf(emailIn(text));
    return { action: 'sign_in_failed', who: user_id ? { user_id } : null, by_stranger: true };
  }
  const action = ACTS[path];
  if (!answer.ok || !action) return undefined;
  const user_id = caller ?? ((await answer.json()) as { user?: { id: string } }).user?.id;
  return user_id ? { action, who: { user_id } } : undefined;
}

/**
 * The address as it was spelled. One that means another once its dots are folded is nobody's: the limits are by path.
 * @throws Problem not_found | malformed
 */
function addressOf(path: string, base: string): URL {
  if (!URL.canParse(path, base)) throw new Problem('malformed', 'The Host header is not one.');
  const url = new URL(path, base);
  if (url.pathname !== path.split('?')[0]) throw new Problem('not_found');
  return url;
}

/** What Better Auth refused, in our words: its own texts may echo what was sent. */
async function problemOf(answer: Response): Promise<Problem> {
  const { code, message: said } = (await answer.json().catch(() => ({}))) as { code?: string; message?: string };
  if (code && (problemCodes as string[]).includes(code)) return new Problem(code as ProblemCode);
  const known: Record<string, [ProblemCode, string, string?]> = {
    INVALID_EMAIL_OR_PASSWORD: ['unauthenticated', 'The address or the password is not right.'],
    USER_ALREADY_EXISTS: ['invalid', 'There is an account with this address.', 'email'],
    USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL: ['invalid', 'There is an account with this address.', 'email'],
    PASSWORD_TOO_SHORT: ['invalid', 'A password has at least 10 characters.', 'password'],
    PASSWORD_TOO_LONG: ['invalid', 'A password has at most 256 characters.', 'password'],
    INVALID_NAME: ['invalid', 'A name has 1 to 120 characters, none of them control characters.', 'name'],
    INVALID_EMAIL: ['invalid', 'Not an e-mail address.', 'email'],
    INVALID_ORIGIN: ['foreign_origin', 'The request comes from another site.'],
    MISSING_OR_NULL_ORIGIN: ['foreign_origin', 'A cookie needs an Origin header beside it.'],
  };
  // Its check of the body names the field in its text: `[body.email] Invalid email address`.
  const field = code === 'VALIDATION_ERROR' && /^\[body\.(\w+)\]/.exec(said ?? '')?.[1];
  if (field) {
    const message = field === 'email' ? 'Not an e-mail address.' : 'Not valid.';
    return new Problem('invalid', message, [{ path: field, message }]);
  }
  const [mapped, message, path] = (code && known[code]) || [];
  if (mapped) return new Problem(mapped, message, path ? [{ path, message: message ?? '' }] : undefined);
  if (answer.status === 401) return new Problem('unauthenticated');
  if (answer.status === 404) return new Problem('not_found');
  if (answer.status === 403) return new Problem('forbidden');
  if (answer.status >= 500) return new Problem('internal');
  return new Problem(answer.status === 422 || answer.status === 400 ? 'invalid' : 'malformed');
}

function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
/**
 * All that is asked for here is texts and yes or no; what is said of anything else is nothing that a database can keep.
 * @throws Problem invalid
 */
function requirePlain(text: string): void {
  for (const [path, value] of Object.entries(JSON.parse(text || '{}') as object)) {
    const isText =
      typeof value === 'string' && value.length <= LONGEST && !value.includes('\0') && value.isWellFormed();
    if (isText || typeof value === 'boolean' || value === null) continue;
    const known = /^[a-z]\w{0,39}$/i.test(path) ? path : '';
    throw new Problem('invalid', undefined, [{ path: known, message: 'Not a text that is taken here.' }]);
  }
}
const LONGEST = 2_000;
const emailIn = (text: string): string =>
  String((JSON.parse(text || '{}') as { email?: unknown }).email ?? '')
    .toLowerCase()
    .slice(0, 320);
