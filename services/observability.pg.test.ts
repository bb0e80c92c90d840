import { Writable } from 'node:stream';
import { createLogger } from '@taskmaster/runtime/telemetry';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OtlpSink, otlpSink } from '../test/support/otlp-sink.ts';
import { callAt, type Person, type RunningServices, runServices, until } from '../test/support/running-services.ts';

const lines: Record<string, unknown>[] = [];
let text = '';
const sink = new Writable({
  write(chunk, _encoding, done) {
    text += chunk;
    lines.push(
      ...String(chunk)
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    );
    done();
  },
});

let services: RunningServices;
let collector: OtlpSink;
let ann: Person;
beforeAll(async () => {
  collector = await otlpSink();
  services = await runServices(
    { METRICS_TOKEN: 'a-token-of-enough-letters', OTEL_EXPORTER_OTLP_ENDPOINT: collector.url },
    createLogger('debug', sink),
  );
  ann = await services.person();
});
afterAll(async () => {
  await services.stop();
  await collector.close();
});

describe('one act', () => {
  it('is found by its correlation id in the logs of every service that had to do with it', async () => {
    const task = (
      await ann.call('POST', '/api/tasks', {
        title: 'canary in a coal mine',
        due_date: '2027-01-04',
        recurrence: { rule: 'FREQ=DAILY' },
      })
    ).json;
    const completed = await ann.call(
      'POST',
      `/api/tasks/${task.id}/complete`,
      {},
      { 'x-request-id': 'one-act-to-follow' },
    );
    expect(completed.headers.get('x-request-id')).toBe('one-act-to-follow');
    const of = (part: (line: Record<string, unknown>) => boolean) =>
      lines.some((line) => line.correlation_id === 'one-act-to-follow' && part(line));
    await until(async () => of((line) => line.consumer === 'successors'), 'the last consumer');
    expect(of((line) => line.msg === 'request' && line.status === 200)).toBe(true);
    expect(of((line) => line.consumer === 'recurring' && typeof line.event_id === 'string')).toBe(true);
  });

  it('is one trace, from what the caller says to the last consumer', async () => {
    const { id } = (
      await ann.call('POST', '/api/tasks', {
        title: 'canary in a gold mine',
        due_date: '2027-01-04',
        recurrence: { rule: 'FREQ=DAILY' },
      })
    ).json;
    const trace_id = '0af7651916cd43dd8448eb211c80319c';
    const traceparent = `00-${trace_id}-b7ad6b7169203331-01`;
    const answer = await ann.call('POST', `/api/tasks/${id}/complete`, {}, { traceparent });
    expect(answer.headers.get('traceparent')).toMatch(new RegExp(`^00-${trace_id}-[0-9a-f]{16}-01$`));
    const spans = () => collector.spans.filter((span) => span.trace_id === trace_id);
    const expected = [
      'api POST /api/tasks/:id/complete',
      'api publish task-events',
      'recurring process recurring',
      'recurring publish task-events',
      'api process successors',
      'notification process notification',
      'audit process audit',
      'sync observe task-updates',
    ];
    const missing = () => expected.filter((name) => !spans().some((span) => `${span.service} ${span.name}` === name));
    await until(async () => missing().length === 0, 'every span').catch(() => expect(missing()).toEqual([]));
    const known = new Set(['b7ad6b7169203331', ...spans().map(({ span_id }) => span_id)]);
    expect(spans().filter(({ parent_id }) => !known.has(parent_id))).toEqual([]);
    expect(Buffer.concat(collector.heard).toString()).not.toContain('canary');
  });

  it('gets trace context where there is none, and keeps that of a caller who wants no trace', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319d-b7ad6b7169203331-00';
    const answer = await ann.call('GET', '/api/tasks', undefined, { traceparent });
    expect(answer.headers.get('traceparent')).toBe(traceparent);
    expect(
      (await ann.call('GET', '/api/tasks', undefined, { traceparent: 'nonsense' })).headers.get('traceparent'),
    ).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  });

  it('leaves no token, cookie, password or title in the logs, and every line is one JSON object', async () => {
    await ann.call('POST', '/api/tasks', { title: 'x', due_date: 'broken\ninjected {"level":"error"}' });
    for (const secret of [
      ann.token,
      ann.cookie.split('=')[1] ?? '',
      'a-long-pass phrase 7',
      'canary in a coal mine',
      'injected',
    ])
      expect(text).not.toContain(secret);
  });
});

describe('a service', () => {
  it('says that it is alive, ready by dependency, and measured: behind its token', async () => {
    expect((await callAt(services.url, 'GET', '/health')).json).toEqual({ status: 'ok' });
    expect((await callAt(services.url, 'GET', '/ready')).json.dependencies.database.status).toBe('ok');
    expect((await callAt(services.url, 'GET', '/metrics')).status).toBe(401);
    const metrics = (
      await callAt(services.url, 'GET', '/metrics', undefined, { authorization: 'Bearer a-token-of-enough-letters' })
    ).text;
    for (const name of [
      'http_request_seconds',
      'event_processing_seconds',
      'relay_lag_changes',
      'relay_lag_seconds',
      'outbox_rows',
      'inbox_rows',
      'dead_letters',
      'sockets',
    ])
      expect(metrics).toContain(`# TYPE taskmaster_${name}`);
    expect(metrics).toMatch(/taskmaster_event_processing_seconds_count\{consumer="recurring"\} [1-9]/);
  });

  it('describes itself in OpenAPI 3.1 and as a page to read', async () => {
    expect((await callAt(services.url, 'GET', '/api/openapi.json')).json.openapi).toMatch(/^3\.1/);
    const docs = await callAt(services.url, 'GET', '/api/docs');
    expect(docs.text).toContain('POST /api/tasks/quick');
    expect(docs.headers.get('content-security-policy')).toContain("script-src 'self'");
  });

  it('answers 503 and says which dependency is down, and recovers by itself', async () => {
    const client = new pg.Client({ ...services.connection, database: 'postgres' });
    await client.connect();
    const { rows } = await client.query('select current_database()');
    expect(rows).toHaveLength(1);
    const name = services.connection.database;
    await client.query(`alter database ${name} with allow_connections false`);
    await client.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name]);
    const down = await callAt(services.url, 'GET', '/ready');
    expect([down.status, down.json.dependencies.database.status]).toEqual([503, 'down']);
    const refused = await ann.call('GET', '/api/tasks');
    expect([refused.status, refused.json.code, refused.headers.has('retry-after')]).toEqual([503, 'unavailable', true]);
    await client.query(`alter database ${name} with allow_connections true`);
    await client.end();
    await until(async () => (await callAt(services.url, 'GET', '/ready')).status === 200, 'ready again');
    const made = await ann.call('POST', '/api/tasks', { title: 'after the outage' });
    expect(made.status).toBe(201);
  });
});
