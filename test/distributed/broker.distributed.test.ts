import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Admin, Consumer } from '@platformatic/kafka';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Broker, type Sidecar, startBroker } from '../../scripts/stack/broker.mjs';
import { type FreshDatabase, freshDatabase } from '../support/fresh-database.ts';
import { until } from '../support/running-services.ts';
import { readResources } from './component-faults.ts';
import { type ListeningApp, listeningApp } from './listening-app.ts';

const root = path.resolve(import.meta.dirname, '../..');
const STATE = '/v1.0/state/taskmaster-state';

describe.each(['redpanda', 'oracle'] as const)('on a broker as %s is', (variant) => {
  let database: FreshDatabase;
  let broker: Broker;
  let folder: string;
  const apps: Record<string, ListeningApp> = {};
  const sidecars: Record<string, Sidecar> = {};
  const app = (name: string) => apps[name] as ListeningApp;
  const sidecar = (name: string) => sidecars[name] as Sidecar;
  const everyone = () => Object.values(apps);

  beforeAll(async () => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'tm-broker-'));
    database = await freshDatabase();
    const { host, port, user, database: name } = database.connection;
    const database_url = `postgresql://${user}@/${name}?host=${encodeURIComponent(host ?? '')}&port=${port}`;
    broker = await startBroker({ run_folder: folder, variant, database_url, app_secrets: { WORD: 'open' } });
    const add = async (name: string, app_id: string, pod = 0) => {
      apps[name] = await listeningApp();
      const pod_name = `${app_id}-${pod}`;
      sidecars[name] = await broker.sidecar({ app_id, app_port: app(name).port, name: `daprd-${pod_name}`, pod_name });
      await sidecar(name).ready();
    };
    await Promise.all([
      add('backend', 'backend-api'),
      add('notification', 'notification-service'),
      add('notification 2', 'notification-service', 1),
      add('sync', 'sync-service'),
      add('sync 2', 'sync-service', 1),
    ]);
    // Each has joined its group once it has got something, and nobody tells sooner. Who joins later has others' events
    // come twice, and sees nothing of what was there before.
    await until(async () => {
      await publish('backend', 'task-events', randomUUID(), event('is anyone there?'));
      await publish('notification', 'reminders', randomUUID(), event('is anyone there?'));
      return Object.entries(apps).every(([name, one]) =>
        one.calls.some(({ path }) => path === (name.startsWith('sync') ? '/observe/reminders' : '/events/task-events')),
      );
    }, 'all have joined');
    for (const one of everyone()) one.calls.length = 0;
  });

  afterAll(async () => {
    await broker?.stop();
    for (const one of everyone()) await one.leave();
    await database?.drop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** One call to a sidecar, as its app would make it. */
  async function ask(
    name: string,
    method: string,
    where: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ) {
    const response = await fetch(sidecar(name).url + where, {
      method,
      headers: {
        'dapr-api-token': sidecar(name).dapr_api_token,
        'content-type': 'application/json',
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, text: await response.text(), headers: response.headers };
  }

  const event = (data: unknown) => ({ specversion: '1.0', id: randomUUID(), source: 'test', type: 'test', data });

  function publish(name: string, topic: string, key: string, sent: unknown) {
    const entry = {
      entryId: '1',
      event: sent,
      contentType: 'application/cloudevents+json',
      metadata: { partitionKey: key },
    };
    return ask(name, 'POST', `/v1.0/publish/bulk/taskbus/${topic}`, [entry]);
  }

  const has = (one: ListeningApp, where: string, id: string) => one.to(where).some(({ body }) => body.id === id);

  async function lengthOf(topic: string): Promise<number> {
    const consumer = new Consumer({ groupId: 'looks', clientId: 'test', bootstrapBrokers: [broker.kafka.bootstrap] });
    const offsets = await consumer.listOffsets({ topics: [topic] }).finally(() => consumer.close());
    return Number((offsets.get(topic) ?? []).reduce((sum, offset) => sum + offset, 0n));
  }

  test('every sidecar has subscribed to what is declared for its app', async () => {
    for (const name of Object.keys(apps)) {
      const { id, subscriptions } = JSON.parse((await ask(name, 'GET', '/v1.0/metadata')).text);
      const declared = readResources(path.join(root, 'deploy/dapr')).filter(
        ({ kind, scopes }) => kind === 'Subscription' && scopes?.includes(id),
      );
      const routes = (subscriptions as { topic: string; rules: { path: string }[] }[]).map(
        ({ rules }) => rules[0]?.path,
      );
      expect(routes.sort()).toEqual(declared.map(({ spec }) => spec.routes.default).sort());
    }
  });

  test('events of one key arrive in the order in which they were published, each at one replica of each app', async () => {
    const keys = ['one', 'two', 'three', 'four'];
    const turns = 25;
    for (let turn = 0; turn < turns; turn += 1) {
      const entries = keys.map((key) => ({
        entryId: key,
        event: event({ key, turn }),
        contentType: 'application/cloudevents+json',
        metadata: { partitionKey: key },
      }));
      expect((await ask('backend', 'POST', '/v1.0/publish/bulk/taskbus/task-events', entries)).status).toBe(204);
    }
    const where = '/events/task-events';
    const at = (...names: string[]) =>
      names.flatMap((name) => app(name).to(where)).filter(({ body }) => body.data.key !== undefined);
    for (const group of [['backend'], ['notification', 'notification 2']]) {
      await until(async () => at(...group).length >= keys.length * turns, `all at ${group}`);
      for (const key of keys) {
        const got = at(...group).filter(({ headers }) => headers.__key === key);
        expect(got.map(({ body }) => body.data.turn)).toEqual([...Array(turns).keys()]);
      }
    }
    for (const { headers } of app('backend').to(where))
      expect(headers['dapr-api-token']).toBe(sidecar('backend').app_api_token);
  });

  test('what is to be seen on every replica reaches both pods, what is to be handled only one', async () => {
    const pods = [app('sync'), app('sync 2')];
    const where = '/observe/reminders';
    const sent = event('a bell');
    expect((await publish('notification', 'reminders', 'w', sent)).status).toBe(204);
    await until(async () => pods.every((pod) => has(pod, where, sent.id)), 'the bell at both pods');
    const isHandled = () =>
      ['notification', 'notification 2'].some((name) => has(app(name), '/events/reminders', sent.id));
    await until(async () => isHandled(), 'the bell at the one that handles it');
    const handled = ['notification', 'notification 2'].map((name) => has(app(name), '/events/reminders', sent.id));
    expect(handled.filter(Boolean)).toHaveLength(1);
  });

  test.each([
    ['a wrong token', { 'dapr-api-token': 'wrong' }],
    ['no token', { 'dapr-api-token': '' }],
  ])('a caller with %s is refused', async (_, headers) => {
    expect(
      (await ask('backend', 'GET', '/v1.0/secrets/taskmaster-secrets/taskmaster-app', undefined, headers)).status,
    ).toBe(401);
  });

  test('an app publishes to its own topics only, and sees only the parts of the API that it uses', async () => {
    expect((await publish('notification', 'task-updates', 'w', event(1))).status).toBe(403);
    expect((await publish('backend', 'no-such-topic', 'w', event(1))).status).toBe(403);
    expect((await ask('sync', 'POST', '/v1.0/publish/taskbus-observe/reminders', event(1))).status).toBe(403);
    expect((await ask('backend', 'POST', '/v1.0/shutdown')).status).toBe(404);
    expect((await ask('backend', 'POST', '/v1.0/bindings/every-second', {})).status).toBe(404);
  });

  test('a job comes with its data and the token of the app, not before its time; the same name replaces it', async () => {
    const due = new Date(Date.now() + 1_500);
    const job = (dueTime: string, data: unknown) => ({
      dueTime,
      data,
      overwrite: true,
      failurePolicy: { constant: { interval: '30s' } },
    });
    expect((await ask('notification', 'POST', '/v1.0/jobs/wake', job('1h', { n: 1 }))).status).toBe(204);
    const again = job(due.toISOString(), { n: 2 });
    expect((await ask('notification', 'POST', '/v1.0/jobs/wake', { ...again, overwrite: false })).status).toBe(409);
    expect((await ask('notification', 'POST', '/v1.0/jobs/wake', again)).status).toBe(204);
    const calls = () => [...app('notification').to('/job/wake'), ...app('notification 2').to('/job/wake')];
    const [call] = await until(async () => calls().length > 0 && calls(), 'the job');
    expect(call?.body).toMatchObject({ n: 2 });
    expect([sidecar('notification').app_api_token, sidecar('notification 2').app_api_token]).toContain(
      call?.headers['dapr-api-token'],
    );
    expect(call?.at).toBeGreaterThanOrEqual(due.getTime());
    expect(calls()).toHaveLength(1);
  });

  test('every second a tick comes to every replica', async () => {
    for (const [name, one] of Object.entries(apps)) {
      await until(async () => one.to('/cron/every-second').length >= 2, `two ticks at ${name}`);
      expect(one.to('/cron/every-second')[0]?.headers['dapr-api-token']).toBe(sidecar(name).app_api_token);
    }
  });

  test('state: a stale etag is refused, and of two that create the same key only one succeeds until it has expired', async () => {
    const key = randomUUID();
    const write = (value: unknown, more: object) => ask('backend', 'POST', STATE, [{ key, value, ...more }]);
    expect((await write(1, {})).status).toBe(204);
    const etag = (await ask('backend', 'GET', `${STATE}/${key}`)).headers.get('etag');
    expect((await write(2, { etag })).status).toBe(204);
    expect((await write(3, { etag })).status).toBe(409);
    expect((await ask('backend', 'GET', `${STATE}/${key}`)).text).toBe('2');
    expect((await ask('notification', 'GET', `${STATE}/${key}`)).status).toBe(204);

    const claim = randomUUID();
    const create = () =>
      ask('backend', 'POST', STATE, [
        { key: claim, value: 1, options: { concurrency: 'first-write' }, metadata: { ttlInSeconds: '2' } },
      ]);
    const ofTen = async () =>
      (await Promise.all(Array.from({ length: 10 }, create))).map(({ status }) => status).sort();
    const oneWins = [204, ...Array(9).fill(500)];
    expect(await ofTen()).toEqual(oneWins);
    await sleep(2_100);
    // Expired, but nobody has swept it away yet.
    expect((await ask('backend', 'GET', `${STATE}/${claim}`)).status).toBe(204);
    expect(await ofTen()).toEqual(oneWins);
  });

  test('an app reads the secrets that are meant for it, not those of the broker', async () => {
    const secret = (name: string) => ask('backend', 'GET', `/v1.0/secrets/taskmaster-secrets/${name}`);
    expect(JSON.parse((await secret('taskmaster-app')).text)).toEqual({ WORD: 'open' });
    for (const name of ['redpanda-creds', 'oci-streaming-creds', 'postgres-creds'])
      expect((await secret(name)).status).toBe(403);
  });

  test('an app calls another by its name', async () => {
    const answer = await ask('sync', 'POST', '/v1.0/invoke/backend-api/method/ask/heads', { all: true });
    expect(answer).toMatchObject({ status: 200, text: '{"heard":true}' });
    const [call] = app('backend').to('/ask/heads');
    expect(call?.body).toEqual({ all: true });
    expect(call?.headers).toMatchObject({
      'dapr-caller-app-id': 'sync-service',
      'dapr-api-token': sidecar('backend').app_api_token,
    });
  });

  test('what an app rejects is a dead letter; what comes while it restarts is not, and waits', async () => {
    const before = await lengthOf('task-events-dlq');
    const bad = event('bad');
    app('backend').answers = ({ body }) => (body.id === bad.id ? 404 : 200);
    expect((await publish('backend', 'task-events', 'w', bad)).status).toBe(204);
    await until(async () => (await lengthOf('task-events-dlq')) === before + 1, 'the dead letter');

    await app('backend').leave();
    const sent = event('while away');
    expect((await publish('backend', 'task-events', 'w', sent)).status).toBe(204);
    // Longer than a delivery is tried.
    await sleep(8_000);
    await app('backend').comeBack();
    await until(async () => has(app('backend'), '/events/task-events', sent.id), 'what came meanwhile');
    expect(await lengthOf('task-events-dlq')).toBe(before + 1);
  });

  test('killed, each part comes back and goes on', async () => {
    await sidecar('backend').kill();
    await sidecar('backend').start();
    await sidecar('backend').ready();
    const afterSidecar = event('after the sidecar');
    expect((await publish('backend', 'task-events', 'w', afterSidecar)).status).toBe(204);
    await until(async () => has(app('backend'), '/events/task-events', afterSidecar.id), 'after the sidecar', 60);

    await broker.kafka.kill();
    const whileAway = await publish('backend', 'task-events', 'w', event('lost'));
    expect(whileAway.status).toBe(500);
    await broker.kafka.start();
    const afterBroker = event('after the broker');
    await until(
      async () => (await publish('backend', 'task-events', 'w', afterBroker)).status === 204,
      'the broker',
      60,
    );
    await until(async () => has(app('backend'), '/events/task-events', afterBroker.id), 'after the broker', 60);

    const job = { dueTime: new Date(Date.now() + 3_000).toISOString(), data: { n: 3 } };
    expect((await ask('backend', 'POST', '/v1.0/jobs/later', job)).status).toBe(204);
    await broker.scheduler.kill();
    await broker.scheduler.start();
    await until(async () => app('backend').to('/job/later').length > 0, 'the job', 90);
  });
});

describe('what is started', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'tm-broker-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  // Elsewhere there is nothing that would do it.
  test.runIf(process.platform === 'linux')(
    'ends with the process that started it, however that ends, and goes on from its folder',
    async () => {
      const first = await startElsewhere(folder);
      process.kill(first.pid, 'SIGKILL');
      await until(async () => first.parts.every((pid) => !isAlive(pid)), 'the end of every part');

      const broker = await startBroker({ run_folder: folder, database_url: '' });
      try {
        const admin = new Admin({ clientId: 'test', bootstrapBrokers: [broker.kafka.bootstrap] });
        const found = await admin.listTopics().finally(() => admin.close());
        expect(found).toContain('left-behind');
      } finally {
        await broker.stop();
      }
      expect([broker.kafka.pid(), broker.scheduler.pid()]).toEqual([undefined, undefined]);
    },
  );
});

/** A broker with one more topic, in a process of its own. */
async function startElsewhere(folder: string): Promise<{ pid: number; parts: number[] }> {
  const program = `
    import { startBroker } from './scripts/stack/broker.mjs';
    const { kafka, scheduler } = await startBroker({ run_folder: process.argv[1], database_url: '' });
    await kafka.createTopics({ 'left-behind': { partitions: 1 } });
    console.log(JSON.stringify([kafka.pid(), scheduler.pid()]));
    setInterval(() => {}, 1_000);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, folder], { cwd: root, stdio: 'pipe' });
  let said = '';
  child.stdout.on('data', (chunk) => (said += chunk));
  child.stderr.on('data', (chunk) => (said += chunk));
  const parts = await until(async () => /^\[.*\]$/m.exec(said)?.[0], 'the broker elsewhere', 60).catch((error) => {
    child.kill('SIGKILL');
    throw new Error(said, { cause: error });
  });
  return { pid: child.pid ?? 0, parts: JSON.parse(parts) };
}

/** A process that has ended and that nobody has asked about yet is not alive. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
