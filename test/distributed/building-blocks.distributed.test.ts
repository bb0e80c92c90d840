import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServiceTokens } from '@taskmaster/runtime/dapr/service-token';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import WebSocket from 'ws';
import { type Stack, startStack } from '../../scripts/stack/stack.mjs';
import { type Person, signUp, until } from '../support/running-services.ts';

/** What notification's look into its tables each five seconds is kept by: whoever has the key has the turn. */
const SWEEP = 'turn: notification: reminders';
const STATE = '/v1.0/state/taskmaster-state';
const JOB = '/v1.0/jobs/notification-reminders';

let stack: Stack;
let looking: pg.Client;
let ann: Person;
const folder = mkdtempSync(path.join(os.tmpdir(), 'tm-blocks-'));
beforeAll(async () => {
  stack = await startStack({
    run_folder: folder,
    replicas: { notification: 2 },
    env: { LOG_LEVEL: 'debug', RATE_LIMIT: 'off' },
  });
  looking = new pg.Client({ connectionString: stack.database_url });
  await looking.connect();
  ann = await signUp(stack.url, 'ann');
});
afterAll(async () => {
  await looking?.end();
  await stack?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const rows = async <Row>(text: string, values: unknown[] = []) => (await looking.query(text, values)).rows as Row[];

/** One call to notification's sidecar, as its app would make it. */
async function ask(method: string, where: string, body?: unknown, headers: Record<string, string> = {}) {
  const sidecar = stack.sidecar('notification');
  const response = await fetch(sidecar.url + where, {
    method,
    headers: { 'dapr-api-token': sidecar.dapr_api_token, 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, text: await response.text() };
}

/** What a replica said at debug level. */
function linesOf(name: string): { msg?: string; job?: string; time: string }[] {
  const { log } = stack.processes().find((one) => one.name === name) ?? { log: '' };
  return readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
}

test('state: a ticket that was used is a row of dapr_state, and no other comes in by it', async () => {
  const { ticket } = (await ann.call('POST', '/api/sync/ticket')).json;
  const open = () =>
    new Promise<number>((resolve) => {
      const socket = new WebSocket(`${stack.url.replace('http', 'ws')}/ws/tasks?ticket=${ticket}`, 'sync.v1');
      socket.on('open', () => {
        resolve(101);
        socket.close();
      });
      socket.on('unexpected-response', (_request, { statusCode }) => resolve(statusCode ?? 0));
      socket.on('error', () => undefined);
    });
  expect(await open()).toBe(101);
  const { jti } = JSON.parse(Buffer.from(ticket.split('.')[1], 'base64url').toString());
  expect(
    await rows(
      `select convert_from(value, 'utf8') as value, expires_at > now() as expires from dapr_state where key = $1`,
      [`sync-service||ticket:${jti}`],
    ),
  ).toEqual([{ value: '1', expires: true }]);
  expect(await open()).toBe(401);
});

test('cron: of what ticks make both replicas want to run, each turn is had by one', async () => {
  const turns = () =>
    ['notification-0', 'notification-1']
      .flatMap(linesOf)
      .filter(({ msg, job }) => msg === 'its turn' && job === 'notification: reminders')
      .map(({ time }) => Date.parse(time))
      .sort((one, other) => one - other);
  const all = await until(async () => turns().length >= 5 && turns(), 'five turns', 90);
  const gaps = all.slice(1).map((at, index) => at - (all[index] ?? 0));
  // Five seconds from the end of one to the next; had by both, two would fall within half of that.
  expect(Math.min(...gaps)).toBeGreaterThan(3_000);
});

/** A task with a reminder so many milliseconds from now. @returns its id and when it is due */
async function remind(within: number): Promise<{ id: string; due: number }> {
  const due = Date.now() + within;
  const made = await ann.call('POST', '/api/tasks', {
    title: 'bell',
    reminders: [{ at: new Date(due).toISOString() }],
  });
  expect(made.status).toBe(201);
  return { id: made.json.id, due };
}
const decidedAt = async (task: string): Promise<number | undefined> => {
  const [row] = await rows<{ at: Date | null }>('select decided_at as at from notification.ledger where task_id = $1', [
    task,
  ]);
  return row?.at?.getTime();
};

test('jobs: a reminder comes by its job where nobody sweeps, and by the sweep where its job is lost', async () => {
  // Somebody else has the turn, for as long as it takes.
  const held = [{ key: SWEEP, value: 'nobody', metadata: { ttlInSeconds: '600' } }];
  expect((await ask('POST', STATE, held)).status).toBe(204);

  const first = await remind(3_000);
  const at = await until(() => decidedAt(first.id), 'the reminder, by its job', 60);
  expect(at).toBeGreaterThanOrEqual(first.due);
  const woken = ['notification-0', 'notification-1'].flatMap(linesOf).filter(({ msg }) => msg === 'woken');
  expect(woken.some(({ job, time }) => job === 'notification: reminders' && Date.parse(time) >= first.due)).toBe(true);

  const second = await remind(30_000);
  await until(
    async () => (await ask('GET', JOB)).text.includes(new Date(second.due).toISOString().slice(0, 19)),
    'the job',
  );
  expect((await ask('DELETE', JOB)).status).toBeLessThan(300);
  expect(Date.now()).toBeLessThan(second.due);
  // Longer than a sweep would take.
  await sleep(second.due + 7_000 - Date.now());
  expect(await decidedAt(second.id)).toBeUndefined();

  expect((await ask('DELETE', `${STATE}/${encodeURIComponent(SWEEP)}`)).status).toBe(204);
  await until(() => decidedAt(second.id), 'the reminder, by the sweep', 60);
});

// Elsewhere nobody can look.
test.runIf(existsSync('/proc/self/environ'))(
  'secrets: where the database is and what signs come out of the secret store, and stand in no environment',
  () => {
    const { DATABASE_URL, BETTER_AUTH_SECRET } = JSON.parse(readFileSync(path.join(folder, 'secrets.json'), 'utf8'))[
      'taskmaster-app'
    ];
    for (const { name, pid } of stack
      .processes()
      .filter((one) => /^(api|sync|audit|recurring|notification)-\d$/.test(one.name))) {
      const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
      expect(environment).toContain('MODE=distributed');
      for (const secret of [DATABASE_URL, BETTER_AUTH_SECRET]) expect(environment, name).not.toContain(secret);
    }
  },
);

test('tokens: a sidecar answers nobody without its own, and a question nobody without that of a service for the service asked', async () => {
  for (const token of [
    '',
    'x'.repeat(48),
    stack.sidecar('api').dapr_api_token,
    stack.sidecar('notification').app_api_token,
  ])
    for (const [method, where] of [
      ['GET', `${STATE}/any`],
      ['POST', '/v1.0/publish/taskbus/reminders'],
      ['GET', '/v1.0/secrets/taskmaster-secrets/taskmaster-app'],
      ['GET', JOB],
      ['POST', '/v1.0/invoke/backend-api/method/ask/heads'],
    ] as const)
      expect((await ask(method, where, method === 'POST' ? {} : undefined, { 'dapr-api-token': token })).status).toBe(
        401,
      );

  const secrets = JSON.parse(readFileSync(path.join(folder, 'secrets.json'), 'utf8'))['taskmaster-app'];
  const issue = (secret: string, audience: string) =>
    createServiceTokens(secret, 'notification-service').issue(audience);
  const heads = async (token: string) =>
    (
      await ask(
        'POST',
        '/v1.0/invoke/backend-api/method/ask/heads',
        { all: true },
        { authorization: `Bearer ${token}` },
      )
    ).status;
  expect(await heads(await issue(secrets.BETTER_AUTH_SECRET, 'backend-api'))).toBe(200);
  expect(await heads(await issue(secrets.BETTER_AUTH_SECRET, 'audit-service'))).toBe(401);
  expect(await heads(await issue('of another place altogether, of some length', 'backend-api'))).toBe(401);
  expect(await heads(ann.token)).toBe(401);
  expect(await heads('')).toBe(401);
});
