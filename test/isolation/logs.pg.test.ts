import { Writable } from 'node:stream';
import { createLogger } from '@taskmaster/runtime/telemetry';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { callAt, until } from '../support/running-services.ts';
import { settled } from './estate.ts';
import { type Stage, stage } from './stage.ts';

/** Everything that was logged, at the level that says most. */
let logged = '';
const sink = new Writable({
  write(chunk, _encoding, done) {
    logged += chunk;
    done();
  },
});

let on: Stage;
/** What nobody may read who was not given it, by what it is. */
const secrets = new Map<string, string>();
const keep = (what: string, of: string | undefined | null) => {
  if (!of || of.length < 12) throw new Error(`No ${what}`);
  secrets.set(what, of);
  return of;
};

beforeAll(async () => {
  on = await stage(createLogger('trace', sink));
  const { services, estate, admin, other, owner } = on;
  const her = estate.person;
  const post = (path: string, body: object, headers: Record<string, string> = {}) =>
    callAt(services.url, 'POST', path, body, { origin: services.url, ...headers });
  keep('password', 'a-long-pass phrase 7');
  keep('JWT', her.token);
  keep('reading token', estate.reading);
  keep('cookie', decodeURIComponent(her.cookie.split('=').slice(1).join('=')));
  keep(
    'session token',
    (await owner.query('select token from auth.session where "userId" = $1', [her.id])).rows[0].token,
  );
  const { ticket, url } = (await her.call('POST', '/api/sync/ticket', {})).json;
  keep('ticket', ticket);
  const socket = new WebSocket(`${url}?ticket=${ticket}`, ['sync.v1']);
  await new Promise((opened) => socket.once('open', opened));
  socket.send(JSON.stringify({ t: 'hello', client_id: estate.ids.device, schema: 1, spaces: [] }));
  socket.send('nonsense');
  await new Promise((closed) => socket.once('close', closed));
  const linked = async (path: string, body: object, name: string) =>
    new URL((await admin.call('POST', path, body)).json.url).searchParams.get(name);
  keep('invitation', await linked('/api/admin/invitations', {}, 'invite'));
  const reset = keep('reset link', await linked('/api/admin/users/reset-password', { email: estate.email }, 'token'));
  keep('idempotency key', estate.keys[0]?.key);
  // What goes wrong is logged most: with each of them in every place where it may stand.
  const wrong = 'wrong but long enough';
  keep('wrong password', wrong);
  await post('/api/auth/sign-in/email', { email: estate.email, password: wrong });
  await post('/api/auth/reset-password', { newPassword: 'short', token: reset });
  await post('/api/auth/reset-password', { newPassword: wrong, token: `${reset}x` });
  await callAt(services.url, 'GET', '/api/tasks', undefined, { authorization: `Bearer ${her.token}x` });
  await callAt(services.url, 'GET', '/api/tasks', undefined, { authorization: `Bearer ${estate.reading}x` });
  await callAt(services.url, 'GET', `/ws/tasks?ticket=${ticket}`);
  await callAt(services.url, 'GET', `/api/tasks?q=${estate.mark}&token=${her.token}`, undefined, {
    authorization: `Bearer ${other.token}`,
  });
  await her.call('POST', '/api/tasks', `{"title":"${estate.mark} broken`);
  await her.call('POST', '/api/tasks', { title: `${estate.mark}\n{"level":"error","msg":"injected"}`, due_date: 'x' });
  await callAt(services.url, 'GET', '/api/%0a%7b%22level%22:%22error%22%7d', undefined, {
    'user-agent': `${estate.mark} {"level":"error"}`,
    'x-request-id': 'injected"}\u00e4',
  });
  // Also what breaks inside: the table is away for a moment.
  await owner.query('alter table tasks.task rename to task_away');
  await her.call('POST', '/api/tasks', { title: `${estate.mark} breaks`, notes: `${estate.mark} breaks` });
  await her.call('GET', `/api/tasks?q=${estate.mark}`);
  await owner.query('alter table tasks.task_away rename to task');
  await settled(admin);
});
afterAll(() => on.end());

it('what is logged is one JSON object a line, and no line of anybody else’s making', async () => {
  await until(async () => logged.includes('"msg":"request"') && logged.endsWith('\n'), 'lines');
  const lines = logged.trimEnd().split('\n');
  expect(lines.length).toBeGreaterThan(100);
  for (const line of lines) {
    const { level, msg } = JSON.parse(line);
    expect([line, typeof level, msg === 'injected']).toEqual([line, 'string', false]);
  }
});

it('no secret is in the logs, nor a word that somebody wrote', () => {
  expect(logged).toContain('unexpected error');
  for (const [what, secret] of secrets) expect([what, logged.includes(secret)]).toEqual([what, false]);
  const at = logged.indexOf(on.estate.mark);
  expect(at < 0 ? '' : logged.slice(Math.max(0, at - 300), at + 100)).toBe('');
});

it('no secret is in the database but as its hash', async () => {
  const { rows: tables } = await on.owner.query<{ at: string }>(
    `select format('%I.%I', n.nspname, c.relname) as at from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'r' and n.nspname in ('auth', 'tasks', 'recurring', 'notification', 'audit', 'runtime')`,
  );
  expect(tables.length).toBeGreaterThan(40);
  // The session token alone is no key: a cookie counts only with the signature beside it.
  const kept = [...secrets].filter(([what]) => what !== 'session token');
  for (const { at } of tables) {
    const { rows } = await on.owner.query<{ text: string }>(`select t::text as text from ${at} t`);
    const text = rows.map((row) => row.text).join('\n');
    for (const [what, secret] of kept) expect([at, what, text.includes(secret)]).toEqual([at, what, false]);
  }
});

it('nor in the metrics, nor in what anybody is told without an account', async () => {
  for (const path of ['/metrics', '/ready', '/health', '/api/about', '/api/openapi.json', '/api/docs']) {
    const { text } = await callAt(on.services.url, 'GET', path);
    expect(text).not.toContain(on.estate.mark);
    for (const [what, secret] of secrets) expect([path, what, text.includes(secret)]).toEqual([path, what, false]);
  }
});
