import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import WebSocket from 'ws';
import { type Stack, startStack } from '../../scripts/stack/stack.mjs';
import { type OtlpSink, otlpSink } from '../support/otlp-sink.ts';
import { type Person, signUp, until } from '../support/running-services.ts';

const SERVICES = ['api', 'recurring', 'notification', 'sync', 'audit'] as const;
const TITLE = 'canary in a coal mine';

let stack: Stack;
let sink: OtlpSink;
let ann: Person;
let ticket: string;
const folder = mkdtempSync(path.join(os.tmpdir(), 'tm-trace-'));
const trace_id = randomBytes(16).toString('hex');
const browser = randomBytes(8).toString('hex');
const act = `act-${randomBytes(8).toString('hex')}`;

/** One completed task that repeats: every service has to do with it. */
beforeAll(async () => {
  sink = await otlpSink();
  stack = await startStack({
    run_folder: folder,
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, LOG_LEVEL: 'debug', RATE_LIMIT: 'off' },
  });
  ann = await signUp(stack.url, 'ann');
  const made = await ann.call('POST', '/api/tasks', {
    title: TITLE,
    due_date: '2031-01-01',
    recurrence: { rule: 'FREQ=DAILY' },
  });
  // sync joins its group late, and sees nothing of what was there before.
  await until(async () => {
    await ann.call('PATCH', `/api/tasks/${made.json.id}`, { priority: 1 + (Date.now() % 4) });
    return linesOf('sync').some(({ type }) => type === 'com.todo.task.sync');
  }, 'sync to see changes');
  const done = await ann.call(
    'POST',
    `/api/tasks/${made.json.id}/complete`,
    {},
    { traceparent: `00-${trace_id}-${browser}-01`, 'x-request-id': act },
  );
  expect(done.status).toBe(200);
});
afterAll(async () => {
  await stack?.stop();
  await sink?.close();
  rmSync(folder, { recursive: true, force: true });
});

const spans = () => sink.spans.filter((span) => span.trace_id === trace_id);
const has = (service: string, name: string) => spans().some((span) => span.service === service && span.name === name);

interface Line {
  readonly correlation_id?: string;
  readonly consumer?: string;
  readonly type?: string;
  readonly msg?: string;
}
function linesOf(service: string): Line[] {
  const log = stack.processes().find(({ name }) => name === `${service}-0`)?.log ?? '';
  return readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Line);
}

test('what a browser asks is one trace through api, Kafka, every consumer, and what they bring about in turn', async () => {
  const expected = [
    ['api', 'POST /api/tasks/:id/complete'],
    ['api', 'publish task-events'],
    ['api', 'publish task-updates'],
    ['backend-api', '/v1.0/publish/bulk/taskbus/task-events'],
    ['recurring-task-service', 'pubsub/task-events'],
    ['recurring', 'process recurring'],
    ['recurring', 'publish task-events'],
    ['backend-api', 'pubsub/task-events'],
    ['api', 'process successors'],
    ['notification-service', 'pubsub/task-events'],
    ['notification', 'process notification'],
    ['audit-service', 'pubsub/task-events'],
    ['audit', 'process audit'],
    ['sync-service', 'pubsub/task-updates'],
    ['sync', 'observe task-updates'],
  ] as const;
  const missing = () => expected.filter(([service, name]) => !has(service, name));
  await until(async () => missing().length === 0, 'every span', 60).catch(() => undefined);
  expect(missing()).toEqual([]);
  // Each hangs on another of them, the first on what the browser said.
  const known = new Set([browser, ...spans().map(({ span_id }) => span_id)]);
  expect(spans().filter(({ parent_id }) => !known.has(parent_id))).toEqual([]);
});

test('a question by invocation is part of the trace of whoever asks', async () => {
  const trace = randomBytes(16).toString('hex');
  const traceparent = `00-${trace}-${browser}-01`;
  // Before notification answers it asks api who calls, and sync whose ticket it is.
  expect((await ann.call('GET', '/api/notifications', undefined, { traceparent })).status).toBe(200);
  ({ ticket } = (await ann.call('POST', '/api/sync/ticket')).json);
  const socket = new WebSocket(`${stack.url.replace('http', 'ws')}/ws/tasks?ticket=${ticket}`, 'sync.v1', {
    headers: { traceparent },
  });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  socket.close();
  const expected = [
    'notification GET /api/notifications',
    'notification-service CallLocal/backend-api/ask/caller',
    'sync-service CallLocal/backend-api/ask/ticket',
    'sync-service CallLocal/backend-api/ask/session',
    'api POST /ask/:name',
  ];
  const names = () =>
    sink.spans.filter((span) => span.trace_id === trace).map(({ service, name }) => `${service} ${name}`);
  const missing = () => expected.filter((name) => !names().includes(name));
  await until(async () => missing().length === 0, 'every span', 60).catch(() => undefined);
  expect(missing()).toEqual([]);
});

test('a trace says nothing of what tasks are about, and no secret', () => {
  const heard = Buffer.concat(sink.heard).toString('latin1');
  expect(heard).toContain(trace_id);
  const kept = JSON.parse(readFileSync(path.join(folder, 'secrets.json'), 'utf8'))['taskmaster-app'];
  for (const secret of [
    TITLE,
    'ann-',
    ann.token,
    ticket,
    kept.DATABASE_URL,
    kept.BETTER_AUTH_SECRET,
    ...SERVICES.map((service) => stack.sidecar(service)).flatMap((sidecar) => [
      sidecar.dapr_api_token,
      sidecar.app_api_token,
    ]),
  ])
    expect(heard).not.toContain(secret);
});

test('the same act is found by its correlation id in the log of each service', async () => {
  const of = (service: string) => linesOf(service).filter(({ correlation_id }) => correlation_id === act);
  await until(async () => SERVICES.every((service) => of(service).length > 0), 'a line in each log').catch(
    () => undefined,
  );
  const said = (service: string) =>
    [...new Set(of(service).map(({ msg, consumer = '' }) => `${msg} ${consumer}`.trim()))].sort();
  expect(Object.fromEntries(SERVICES.map((service) => [service, said(service)]))).toEqual({
    api: ['event handled successors', 'request'],
    recurring: ['event handled recurring'],
    notification: ['event handled notification'],
    sync: ['event seen'],
    audit: ['event handled audit'],
  });
});
