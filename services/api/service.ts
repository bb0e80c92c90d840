import type { About } from '@taskmaster/contracts/http/service';
import type { RunningRuntime } from '@taskmaster/runtime/create-runtime';
import { statementsOf } from '@taskmaster/runtime/statement';
import type { Logger } from '@taskmaster/runtime/telemetry';
import type { FastifyRequest } from 'fastify';
import type pg from 'pg';
import type { Administration } from '../http/admin.ts';
import { createLimiter, type Limiter } from '../http/limiter.ts';
import type { Http } from '../http/server.ts';
import type { Mailer } from '../mail/mailer.ts';
import { createUnsubscribe } from '../mail/unsubscribe.ts';
import { recordAct, recordRefusals } from './acts.ts';
import { createAccountMails } from './auth/account-mails.ts';
import { createAddresses } from './auth/addresses.ts';
import { createAdmission } from './auth/admission.ts';
import { createApiTokens } from './auth/api-tokens.ts';
import { type Authenticate, type Authenticated, createAuthenticate, TOKEN_SID } from './auth/authenticate.ts';
import { createAuth, isPassword, readySigningKey } from './auth/better-auth.ts';
import { type Closing, createClosing } from './auth/closing.ts';
import { createOneTimeLinks, type OneTimeLinks } from './auth/one-time-links.ts';
import { createPeople, type People } from './auth/people.ts';
import { createSessions } from './auth/sessions.ts';
import { takeTokensBack } from './auth/take-tokens-back.ts';
import { createTickets, createTokens, type Tickets } from './auth/tokens.ts';
import { handleOccurrenceDue } from './consumers/bring-about-successor.ts';
import { createLogSource } from './log/log-source.ts';
import { authRoutes } from './routes/auth.ts';
import { mountApi } from './routes/mount.ts';
import { enter, enterAdmin, type Parts } from './routes/route.ts';
import { unsubscribeRoutes } from './routes/unsubscribe.ts';

export interface ApiOptions {
  http: Http;
  runtime: RunningRuntime<'tasks'>;
  /** On Better Auth's schema, as its role. */
  authPool: pg.Pool;
  /** Held by Better Auth's transactions, in which it calls back: nothing else may wait for a connection of it. */
  betterAuthPool: pg.Pool;
  secret: string;
  public_url?: string;
  sign_up: 'open' | 'closed';
  /** Where people reach this place. */
  address: string;
  /** Undefined where it cannot send mail. */
  mailer?: Mailer;
  rate: { perSecond: number; burst: number } | 'off';
  log: Logger;
}

export interface Api extends Administration {
  tickets: Tickets;
  authenticate: Authenticate;
  /** For routes of other services: who calls, within their rate, with a request that is valid. */
  enter(request: FastifyRequest): Promise<Authenticated>;
  links: OneTimeLinks;
  people: People;
  closing: Closing;
  /** Changes that are committed and not published. */
  relayLag(): Promise<number>;
  /** The path that lets the first account be made where sign-up is closed; undefined once there is one. */
  firstAccountPath(): Promise<string | undefined>;
  /** Whether there is an account, and who may make one. */
  about(): Promise<About>;
}

const TEN_A_MINUTE = { perSecond: 10 / 60, burst: 10 };
const DAY = 24 * 60 * 60 * 1000;

/** Tasks, people and their devices: owns the log, answers for it, and serves the API. */
export async function startApi(options: ApiOptions): Promise<Api> {
  const { http, runtime, authPool, public_url } = options;
  const people = createPeople(runtime);
  const links = createOneTimeLinks(authPool, options.address);
  const admission = createAdmission({
    sign_up: options.sign_up,
    mail: options.mailer !== undefined,
    isFirst: async () => (await authPool.query('select from "user" limit 1')).rowCount === 0,
    takeInvitation: links.takeInvitation,
  });
  const sessions = createSessions(authPool);
  const mails = options.mailer && createAccountMails(options.mailer, options.address, options.log);
  const addresses = createAddresses({ runtime, authPool, people, sessions, mails });
  const apiTokens = createApiTokens(runtime);
  const auth = createAuth({
    pool: options.betterAuthPool,
    secret: options.secret,
    log: options.log,
    admit: admission.admit,
    onSignedUp: async (userId, invite) => {
      if (invite) await links.invitationUsed(invite, userId);
    },
    onReset: async (user_id, { ip, user_agent }) => {
      await authPool.query('delete from session where "userId" = $1', [user_id]);
      await links.forgetOf(user_id);
      sessions.forgetOf(user_id);
      const person = await people.whoever(user_id);
      if (person) await takeTokensBack(runtime, person);
      apiTokens.forgetOf(user_id);
      await recordAct(
        runtime,
        { ip, headers: { 'user-agent': user_agent } },
        { action: 'password_reset', who: { user_id } },
      );
    },
    proveAddress: (person) => addresses.prove(person),
    ...(mails ? { mails } : {}),
    ...(public_url ? { public_url } : {}),
  });
  await readySigningKey(auth, authPool, options.log);
  const tickets = await createTickets();
  const authenticate = createAuthenticate({
    auth,
    apiTokens,
    tokens: createTokens(authPool),
    sessions,
    people,
    ...(public_url ? { public_url } : {}),
  });
  const record: Administration['record'] = (request, act) => recordAct(runtime, request, act);
  const closing = createClosing({ runtime, authPool, people, sessions, log: options.log });
  recordRefusals(http, record, (error) => options.log.warn({ err: String(error) }, 'a refusal was not witnessed'));
  const perUser: Limiter = createLimiter(options.rate);
  const parts: Parts = { http, runtime, authenticate, people, allow: (userId) => perUser.take(userId) };

  http.after(() => {
    authRoutes({
      http,
      userOf: async (email) =>
        (await authPool.query<{ id: string }>('select id from "user" where email = $1', [email])).rows[0]?.id,
      auth,
      record,
      onSessionsEnded: sessions.forgetOf,
      onPasswordChanged: links.forgetOf,
      limiter: createLimiter(options.rate === 'off' ? 'off' : TEN_A_MINUTE),
      ...(public_url ? { public_url } : {}),
    });
    unsubscribeRoutes({ http, runtime, people, unsubscribe: createUnsubscribe(options.secret) });
    mountApi({
      ...parts,
      tickets,
      apiTokens,
      closing,
      addresses,
      record,
      tries: createLimiter(options.rate === 'off' ? 'off' : TEN_A_MINUTE),
      isPassword: (userId, password) => isPassword(auth, userId, password),
      ...(public_url ? { public_url } : {}),
    });
  });

  const source = createLogSource(runtime);
  runtime.log(source);
  runtime.answer('events', ({ workspace_id, from, to }) => source.events(workspace_id, from, to));
  runtime.answer('heads', async (input) => ({ heads: await source.heads(input) }));
  runtime.answer('spaces', async ({ user_id }) => ({ workspace_ids: await people.workspacesOf(user_id) }));
  runtime.answer('session', async ({ sid }) => {
    if (sid.startsWith(TOKEN_SID)) {
      const owner = await apiTokens.owner(sid.slice(TOKEN_SID.length));
      return owner && (await people.known(owner.user_id)) ? owner : null;
    }
    const session = await sessions.get(sid);
    return session ? { user_id: session.user_id } : null;
  });
  runtime.consume('successors', ['com.todo.task.occurrence-due'], (event, tx) => handleOccurrenceDue(event, tx));
  runtime.every('api: forget old answers', DAY / 24, () =>
    runtime.background(async (tx) => {
      tx.write(forgetAnswers, []);
      tx.write(forgetOps, []);
    }),
  );
  runtime.every('api: erase closed accounts', DAY / 24, async () => void (await closing.eraseDue()));
  return {
    tickets,
    authenticate,
    closing,
    enter: (request) => enter(parts, request),
    enterAdmin: (request) => enterAdmin(parts, request),
    record,
    links,
    people,
    relayLag: async () =>
      (await runtime.background((tx) => tx.query(relayLag, []), { readOnly: true }))[0]?.changes ?? 0,
    firstAccountPath: admission.firstAccountPath,
    about: admission.about,
  };
}

const say = statementsOf('tasks');
const forgetAnswers = say(
  'forget_answers',
  `update tasks.processed_op set answer = null, answer_status = null where answer_status is not null and at < now() - interval '24 hours'`,
);
const relayLag = say<{ changes: number }>(
  'relay_lag',
  `select coalesce(sum(w.head - coalesce(p.sequence, 0)), 0)::bigint as changes
   from tasks.workspace w left join tasks.position p on p.workspace_id = w.id`,
);
const forgetOps = say('forget_ops', `delete from tasks.processed_op where at < now() - interval '180 days'`);
