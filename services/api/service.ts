import { statementsOf } from '@taskmaster/runtime/statement';
import type { Logger } from '@taskmaster/runtime/telemetry';
import pg from 'pg';
import type { Nightly } from '../backup/nightly.ts';
import { backupRoutes } from '../backup/routes.ts';
import { type Host, PATIENCE, type Serving } from '../host.ts';
import { recordAct } from '../http/acts.ts';
import { createLimiter, type Limiter } from '../http/limiter.ts';
import type { Http } from '../http/server.ts';
import { mailerOf } from '../mail/mailer.ts';
import { createUnsubscribe } from '../mail/unsubscribe.ts';
import { createAccountMails } from './auth/account-mails.ts';
import { createAddresses } from './auth/addresses.ts';
import { createAdmission } from './auth/admission.ts';
import { createApiTokens } from './auth/api-tokens.ts';
import { createAuthenticate, TOKEN_SID } from './auth/authenticate.ts';
import { createAuth, isPassword, readySigningKey } from './auth/better-auth.ts';
import { type Closing, createClosing } from './auth/closing.ts';
import { createOneTimeLinks } from './auth/one-time-links.ts';
import { createPeople } from './auth/people.ts';
import { createSessions } from './auth/sessions.ts';
import { takeTokensBack } from './auth/take-tokens-back.ts';
import { createTickets, createTokens } from './auth/tokens.ts';
import { workspaceIds } from './caller.ts';
import { handleOccurrenceDue } from './consumers/bring-about-successor.ts';
import { createLogSource } from './log/log-source.ts';
import { aboutRoute } from './routes/about.ts';
import { adminRoutes } from './routes/admin.ts';
import { authRoutes } from './routes/auth.ts';
import { mountApi } from './routes/mount.ts';
import { judge } from './routes/route.ts';
import { unsubscribeRoutes } from './routes/unsubscribe.ts';
import { statusOfServices } from './status.ts';

export interface ApiOptions {
  /** For Better Auth's schema, as its role. */
  connection: pg.ClientConfig;
  /** Signs sessions, links and tickets: the same on every instance. */
  secret: string;
  /** The backups that this program makes by itself. */
  backups?: Nightly;
}

export interface Api extends Serving<'tasks'> {
  closing: Closing;
  /** The path that lets the first account be made where sign-up is closed; undefined once there is one. */
  firstAccountPath(): Promise<string | undefined>;
}

const TEN_A_MINUTE = { perSecond: 10 / 60, burst: 10 };
const DAY = 24 * 60 * 60 * 1000;

/** Tasks, people and their devices: owns the log, answers for it and for who calls, and serves the API. */
export async function startApi(host: Host<'tasks'>, options: ApiOptions): Promise<Api> {
  const { runtime, record, log, config, address } = host;
  const { secret, backups } = options;
  const public_url = config.PUBLIC_URL;
  const authPool = poolOfAuth(options.connection, log);
  // Better Auth asks us in the middle of its transactions: what we ask then must not wait for one of theirs to end.
  const betterAuthPool = poolOfAuth(options.connection, log);
  const mailer = mailerOf(config);
  const started_at = new Date().toISOString();

  const people = createPeople(runtime);
  const links = createOneTimeLinks(authPool, address);
  const admission = createAdmission({
    secret,
    sign_up: config.SIGN_UP,
    mail: mailer !== undefined,
    isFirst: async () => (await authPool.query('select from "user" limit 1')).rowCount === 0,
    takeInvitation: links.takeInvitation,
  });
  const sessions = createSessions(authPool);
  const mails = mailer && createAccountMails(mailer, address, log);
  const addresses = createAddresses({ runtime, authPool, people, sessions, mails });
  const apiTokens = createApiTokens(runtime);
  const auth = createAuth({
    pool: betterAuthPool,
    secret,
    log,
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
  await readySigningKey(auth, authPool, log);
  const tickets = createTickets(secret);
  const authenticate = createAuthenticate({
    auth,
    apiTokens,
    tokens: createTokens(authPool),
    sessions,
    people,
    ...(public_url ? { public_url } : {}),
  });
  const closing = createClosing({ runtime, authPool, people, sessions, log });
  const perUser: Limiter = createLimiter(config.RATE_LIMIT);
  const judging = { authenticate, allow: (userId: string) => perUser.take(userId) };

  const source = createLogSource(runtime);
  runtime.log(source);
  runtime.answer('events', ({ workspace_id, from, to }) => source.events(workspace_id, from, to));
  runtime.answer('heads', async (input) => ({ heads: await source.heads(input) }));
  runtime.answer('spaces', async ({ user_id }) => ({ workspace_ids: await people.workspacesOf(user_id) }));
  runtime.answer('caller', async (sender) => {
    const caller = await judge(judging, sender);
    const { user_id, role, sid, actor } = caller;
    return { user_id, role, workspace_ids: workspaceIds(caller), sid, actor };
  });
  runtime.answer('ticket', ({ ticket }) => tickets.read(ticket));
  runtime.answer('session', async ({ sid }) => {
    if (sid.startsWith(TOKEN_SID)) {
      const owner = await apiTokens.owner(sid.slice(TOKEN_SID.length));
      return owner && (await people.known(owner.user_id)) ? owner : null;
    }
    // It may have ended at another instance just now.
    const session = await sessions.get(sid, true);
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

  const status = async () => ({
    version: host.version,
    started_at,
    ...(await statusOfServices(runtime, log)),
    relay_lag: (await runtime.background((tx) => tx.query(relayLag, []), { readOnly: true }))[0]?.changes ?? 0,
    backup: (await backups?.state()) ?? 'not kept by this program',
  });
  const tries = () => createLimiter(config.RATE_LIMIT === 'off' ? 'off' : TEN_A_MINUTE);

  return {
    runtime,
    closing,
    firstAccountPath: admission.firstAccountPath,
    routes(http: Http) {
      authRoutes({
        http,
        userOf: async (email) =>
          (await authPool.query<{ id: string }>('select id from "user" where email = $1', [email])).rows[0]?.id,
        auth,
        record,
        onSessionsEnded: sessions.forgetOf,
        onPasswordChanged: links.forgetOf,
        limiter: tries(),
        ...(public_url ? { public_url } : {}),
      });
      unsubscribeRoutes({ http, runtime, people, unsubscribe: createUnsubscribe(secret) });
      mountApi({
        http,
        runtime,
        people,
        ...judging,
        tickets,
        apiTokens,
        closing,
        addresses,
        record,
        tries: tries(),
        isPassword: (userId, password) => isPassword(auth, userId, password),
        ...(public_url ? { public_url } : {}),
      });
      adminRoutes({ http, authPool, links, people, enterAdmin: host.enterAdmin, record, status });
      if (backups) backupRoutes({ http, backups, enterAdmin: host.enterAdmin, record });
      aboutRoute({ http, about: admission.about });
    },
    async stop() {
      await runtime.stop();
      mailer?.close();
      await Promise.all([authPool.end(), betterAuthPool.end()]);
    },
  };
}

function poolOfAuth(connection: pg.ClientConfig, log: Logger): pg.Pool {
  const pool = new pg.Pool({
    ...connection,
    ...PATIENCE,
    options: '-c role=taskmaster_auth -c search_path=auth',
    max: 4,
  });
  return pool.on('error', (error) => log.warn({ err: String(error) }, 'idle connection lost'));
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
