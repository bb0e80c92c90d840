import { createServer, type RequestListener } from 'node:http';
import { Writable } from 'node:stream';
import { afterEach, describe, expect, test } from 'vitest';
import { createLogger, withTrail } from './telemetry.ts';
import { exportSpans, startSpan, withSpan } from './tracing.ts';

const parent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

let said = '';
async function exportTo(endpoint: string, headers = ''): Promise<() => Promise<void>> {
  said = '';
  const write = (chunk: unknown, _: string, done: () => void) => {
    said += chunk;
    done();
  };
  const log = createLogger('warn', new Writable({ write }));
  const end = await exportSpans({ endpoint, headers, log });
  undo.push(end);
  return end;
}
async function collector(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  undo.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
}
const one = () => startSpan({ service: 'api', name: 'one', kind: 'server', parent });

describe('spans', () => {
  test('are none where traces go nowhere, and none of a trace that is not sampled', async () => {
    expect(one()).toBeUndefined();
    await exportTo('http://127.0.0.1:1');
    expect(one()?.traceparent).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-(?!b7ad6b7169203331)[0-9a-f]{16}-01$/);
    expect(startSpan({ service: 'api', name: 'one', kind: 'server', parent: parent.replace(/01$/, '00') })).toBe(
      undefined,
    );
    expect(startSpan({ service: 'api', name: 'one', kind: 'server' })).toBeUndefined();
  });

  test('reach the collector in OTLP, with what it wants to hear; what failed is marked and not quoted', async () => {
    // biome-ignore lint/suspicious/noExplicitAny: what came is looked at
    const came: { url: string; key: unknown; body: any }[] = [];
    const url = await collector((request, response) => {
      let text = '';
      request.on('data', (chunk) => (text += chunk));
      request.on('end', () => {
        came.push({ url: request.url ?? '', key: request.headers['x-key'], body: JSON.parse(text) });
        response.end('{}');
      });
    });
    const end = await exportTo(`${url}/base/`, 'x-key=a%20word,x-other=1');
    const fail = () => Promise.reject(new Error('a secret'));
    const failing = withTrail({ correlation_id: 'x', traceparent: parent }, () =>
      withSpan(
        { service: 'audit', name: 'process audit', kind: 'consumer', attributes: { of: 'audit', tries: 2 } },
        fail,
      ),
    );
    await expect(failing).rejects.toThrow('a secret');
    one()?.end();
    await end();
    expect(came.map(({ url, key }) => [url, key])).toEqual([['/base/v1/traces', 'a word']]);
    const [audit, api] = came[0]?.body.resourceSpans ?? [];
    expect(audit.resource.attributes).toContainEqual({ key: 'service.name', value: { stringValue: 'audit' } });
    expect(api.resource.attributes).toContainEqual({ key: 'service.name', value: { stringValue: 'api' } });
    const [span] = audit.scopeSpans[0].spans;
    expect(span).toMatchObject({
      traceId: '0af7651916cd43dd8448eb211c80319c',
      parentSpanId: 'b7ad6b7169203331',
      name: 'process audit',
      kind: 5,
      attributes: [
        { key: 'of', value: { stringValue: 'audit' } },
        { key: 'tries', value: { intValue: 2 } },
      ],
      status: { code: 2 },
    });
    expect(BigInt(span.endTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(span.startTimeUnixNano));
    expect(JSON.stringify(came)).not.toContain('a secret');
  });

  test('wait for nobody: what a collector does not take is dropped, with one word in the log', async () => {
    const url = await collector((_, response) => void response.writeHead(503).end());
    const end = await exportTo(url);
    for (let count = 0; count < 10_000; count += 1) one()?.end();
    await end();
    // Far fewer than there were, and one word for all of them.
    expect(said.trim().split('\n')).toHaveLength(1);
    expect(JSON.parse(said).msg).toMatch(/dropped/);
  });

  test('are kept up to a bound while a collector hangs', async () => {
    let taken = 0;
    let go: () => void = () => undefined;
    const hangs = new Promise<void>((resolve) => {
      go = resolve;
    });
    const url = await collector((request, response) => {
      let text = '';
      request.on('data', (chunk) => (text += chunk));
      request.on('end', async () => {
        await hangs;
        taken += JSON.parse(text).resourceSpans[0].scopeSpans[0].spans.length;
        response.end('{}');
      });
    });
    const end = await exportTo(url);
    for (let count = 0; count < 10_000; count += 1) one()?.end();
    const ended = end();
    go();
    await ended;
    // What waits, and what is being sent.
    expect(taken).toBeLessThanOrEqual(4_096 + 512);
    expect(taken).toBeGreaterThan(0);
  });
});
