import type { About } from '@taskmaster/contracts/http/service';
import type { RunningRuntime } from '@taskmaster/runtime/create-runtime';
import { statementsOf } from '@taskmaster/runtime/statement';
import type { Logger } from '@taskmaster/runtime/telemetry';
import type pg from 'pg';
import { createLimiter, type Limiter } from '../http/limiter.ts';
import type { Http } from '../http/server.ts';
import { createAdmission } from './auth/admission.ts';
import { type Authenticate, createAuthenticate } from './auth/authenticate.ts';
import { createAuth } from './auth/better-auth.ts';
import { createPeople } from './auth/people.ts';
import { createSessions } from './auth/sessions.ts';
import { createTickets, createTokens, type Tickets } from './auth/tokens.ts';
import { handleOccurrenceDue } from './consumers/bring-about-successor.ts';
import { createLogSource } from './log/log-source.ts';
import { authRoutes } from './routes/auth.ts';
import { mountApi } from './routes/mount.ts';
import type { Parts } from './routes/route.ts';

export interface ApiOptions {
  http: Http;
  runtime: RunningRuntime<'tasks'>;
  /** On Better Auth's schema, as its role. */
  authPool: pg.Pool;
  secret: string;
  public_url?: string;
  sign_up: 'open' | 'closed';
  rate: { perSecond: number; burst: number } | 'off';
  log: Logger;
}

export interface Api {
  tickets: Tickets;
  authenticate: Authenticate;
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
  const admission = createAdmission(
    options.sign_up,
    async () => (await authPool.query('select from "user" limit 1')).rowCount === 0,
  );
  const auth = createAuth({
    pool: authPool,
    secret: options.secret,
    log: options.log,
    admit: admission.admit,
    ...(public_url ? { public_url } : {}),
  });
  // The signing key is there before the first token, not made by several first tokens at once.
  await auth.handler(new Request(`${public_url ?? 'http://localhost'}/api/auth/jwks`));
  const sessions = createSessions(authPool);
  const tickets = await createTickets();
  const authenticate = createAuthenticate({
    auth,
    tokens: createTokens(authPool),
    sessions,
    people,
    ...(public_url ? { public_url } : {}),
  });
  const perUser: Limiter = createLimiter(options.rate);
  const parts: Parts = { http, runtime, authenticate, people, allow: (userId) => perUser.take(userId) };

  http.after(() => {
    authRoutes({
      http,
      auth,
      limiter: createLimiter(options.rate === 'off' ? 'off' : TEN_A_MINUTE),
      ...(public_url ? { public_url } : {}),
    });
    mountApi({ ...parts, tickets, ...(public_url ? { public_url } : {}) });
  });

  const source = createLogSource(runtime);
  runtime.log(source);
  runtime.answer('events', ({ workspace_id, from, to }) => source.events(workspace_id, from, to));
  runtime.answer('heads', async (input) => ({ heads: await source.heads(input) }));
  runtime.answer('spaces', async ({ user_id }) => ({ workspace_ids: await people.workspacesOf(user_id) }));
  runtime.answer('session', async ({ sid }) => {
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
  return { tickets, authenticate, firstAccountPath: admission.firstAccountPath, about: admission.about };
}

const say = statementsOf('tasks');
const forgetAnswers = say(
  'forget_answers',
  `update tasks.processed_op set answer = null, answer_status = null where answer_status is not null and at < now() - interval '24 hours'`,
);
const forgetOps = say('forget_ops', `delete from tasks.processed_op where at < now() - interval '180 days'`);
