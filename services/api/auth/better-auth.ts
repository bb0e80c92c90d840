import { createHash } from 'node:crypto';
import { name } from '@taskmaster/contracts/fields';
import { Problem } from '@taskmaster/contracts/problems';
import type { Logger } from '@taskmaster/runtime/telemetry';
import { betterAuth } from 'better-auth';
import { APIError, isAPIError } from 'better-auth/api';
import { jwt } from 'better-auth/plugins';
import type pg from 'pg';
import { v7 } from 'uuid';

export const TOKEN_ISSUER = 'taskmaster';
export const TOKEN_AUDIENCE = 'taskmaster-api';
/** From where a request came, as the server sees it: never as the request says. */
export const ADDRESS_HEADER = 'x-taskmaster-address';

export interface AuthOptions {
  pool: pg.Pool;
  secret: string;
  public_url?: string;
  log: Logger;
  /** Decides whether a person may sign up now; throws a Problem if not. */
  admit(invite: string | undefined, email: string): Promise<void>;
  /** Somebody signed up, by that invitation where there was one. */
  onSignedUp(userId: string, invite: string | undefined): Promise<void>;
  /** Sends what a person needs to prove an address or choose a new password; undefined where the place cannot send mail. */
  mails?: AccountMails;
  /** Asks whoever reads mail there whether the address is theirs; only called where there are `mails`. */
  proveAddress(person: { id: string; name: string; email: string }): Promise<void>;
  /** A new password was chosen by a link, asked for from there. */
  onReset(userId: string, from: { ip: string; user_agent: string | undefined }): Promise<void>;
}

/** How what stands in a link is kept: who reads the database, or a backup of it, can follow no link. */
export const keptIdentifier = (identifier: string): string =>
  createHash('sha256').update(identifier).digest('base64url');

export interface AccountMails {
  verification(to: { name: string; email: string }, token: string): void;
  reset(to: { name: string; email: string }, token: string): void;
  /** To a new address, which counts once its owner says so. */
  newAddress(to: { name: string; email: string }, token: string): void;
  /** To the old address: it no longer belongs to the account. */
  moved(to: { name: string; email: string }, email: string): void;
}

/** Better Auth on its own schema and connection: e-mail and password, sessions in cookies, short JWTs for programs. */
export function createAuth(options: AuthOptions) {
  const { public_url, mails } = options;
  const secure = public_url?.startsWith('https:') ?? false;
  return betterAuth({
    appName: 'TaskMaster',
    basePath: '/api/auth',
    baseURL: public_url ?? { allowedHosts: ['*'], protocol: 'http', fallback: 'http://localhost' },
    secret: options.secret,
    database: options.pool,
    telemetry: { enabled: false },
    // What is no refusal is ours to answer and to log: a database that is away is not called a fault of ours.
    onAPIError: {
      onError: (error) => {
        if (!isAPIError(error)) throw error;
      },
    },
    // A person's name and picture are changed by commands, where they have a history; an address is confirmed by a button, not by a link.
    disabledPaths: ['/update-user', '/verify-email', '/error', '/ok'],
    emailAndPassword: {
      enabled: true,
      minPasswordLength: 10,
      maxPasswordLength: 256,
      autoSignIn: true,
      revokeSessionsOnPasswordReset: true,
      resetPasswordTokenExpiresIn: 60 * 60,
      onPasswordReset: ({ user }, request) =>
        options.onReset(user.id, {
          ip: request?.headers.get(ADDRESS_HEADER) ?? '',
          user_agent: request?.headers.get('user-agent') ?? undefined,
        }),
      // Not awaited: how long it takes must not tell whether there is such an account.
      ...(mails ? { sendResetPassword: async ({ user, token }) => mails.reset(user, token) } : {}),
    },
    ...(mails
      ? {
          emailVerification: {
            sendOnSignUp: true,
            // With a token of our own: kept as a hash, and used once.
            sendVerificationEmail: ({ user }) => options.proveAddress(user),
          },
        }
      : {}),
    verification: { storeIdentifier: { hash: async (identifier) => keptIdentifier(identifier) } },
    session: { expiresIn: 60 * 60 * 24 * 30, updateAge: 60 * 60 * 24 },
    // Limited by the server's own limiter, which knows addresses and accounts.
    rateLimit: { enabled: false },
    trustedOrigins: (request) => (request ? originsOf(request, public_url) : []),
    advanced: {
      // Where there is TLS, browsers take the cookie from this host alone, and send it to this host alone.
      cookiePrefix: secure ? '__Host-taskmaster' : 'taskmaster',
      useSecureCookies: false,
      defaultCookieAttributes: { secure, httpOnly: true, sameSite: 'lax', path: '/' },
      ipAddress: { ipAddressHeaders: [ADDRESS_HEADER] },
      database: { generateId: () => v7() },
    },
    databaseHooks: {
      user: {
        create: {
          before: async (user, context) => {
            if (!name.safeParse(user.name).success)
              throw new APIError('UNPROCESSABLE_ENTITY', { code: 'INVALID_NAME' });
            try {
              await options.admit(context?.headers?.get('x-taskmaster-invite') ?? undefined, user.email);
            } catch (error) {
              if (error instanceof Problem)
                throw new APIError('FORBIDDEN', { code: error.code, message: error.detail });
              throw error;
            }
          },
          after: (user, context) =>
            options.onSignedUp(user.id, context?.headers?.get('x-taskmaster-invite') ?? undefined),
        },
      },
    },
    plugins: [
      jwt({
        disableSettingJwtHeader: true,
        jwks: { keyPairConfig: { alg: 'EdDSA', crv: 'Ed25519' } },
        jwt: {
          issuer: TOKEN_ISSUER,
          audience: TOKEN_AUDIENCE,
          expirationTime: '15m',
          definePayload: ({ session }) => ({ sid: session.id }),
        },
      }),
    ],
    logger: { log: (level, message) => options.log[level === 'error' ? 'error' : 'debug']({ part: 'auth' }, message) },
  });
}
export type Auth = ReturnType<typeof createAuth>;

/**
 * A signing key that can be used, there before the first token: not made by several first tokens at once. One that was made
 * with another secret opens no more; it goes, and sessions get tokens of the next.
 */
export async function readySigningKey(auth: Auth, pool: pg.Pool, log: Logger): Promise<void> {
  const sign = () => auth.api.signJWT({ body: { payload: {} } });
  try {
    await sign();
  } catch (error) {
    if (!/decrypt/i.test((error as Error).message)) throw error;
    log.warn('the signing key was made with another secret: a new one is made');
    await pool.query('delete from jwks');
    await sign();
  }
}

/** Whether this is the password of that person, as Better Auth keeps it. */
export async function isPassword(auth: Auth, userId: string, password: string): Promise<boolean> {
  const { internalAdapter, password: kept } = await auth.$context;
  const accounts = await internalAdapter.findAccounts(userId);
  const hash = accounts.find((account) => account.providerId === 'credential')?.password;
  return hash ? kept.verify({ hash, password }) : false;
}

/** The place that may send cookies: the public address, or whatever host the page itself was asked from. */
function originsOf(request: Request, publicUrl: string | undefined): string[] {
  if (publicUrl) return [new URL(publicUrl).origin];
  const host = request.headers.get('host');
  return host ? [`http://${host}`, `https://${host}`] : [];
}
