import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, it } from 'vitest';
import { runServices, until } from '../test/support/running-services.ts';

/** A peer that takes part in nothing any more: a laptop with its lid closed. */
async function silent(url: string, request: string): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  await once(socket, 'connect');
  socket.write(request);
  await once(socket, 'readable');
  return socket;
}

it('ends in order although a device does not answer its farewell and another reads nothing of its answer', async () => {
  const services = await runServices();
  const ann = await services.person('ann');
  const notes = 'x'.repeat(32_000);
  for (let n = 0; n < 40; n++) {
    const ops = Array.from({ length: 6 }, (_, index) => ({
      op: crypto.randomUUID(),
      n: n * 6 + index + 1,
      kind: 'create',
      entity: 'task',
      id: crypto.randomUUID(),
      patch: { title: 'much to read', notes },
    }));
    const client_id = '018f3f5e-7a3b-7cde-8f00-000000000001';
    expect((await ann.call('POST', `/api/workspaces/${ann.workspace}/ops`, { client_id, schema: 1, ops })).status).toBe(
      200,
    );
  }
  const head = `Host: 127.0.0.1\r\nAuthorization: Bearer ${ann.token}\r\n`;
  const device = await silent(
    services.url,
    `GET /ws/tasks HTTP/1.1\r\n${head}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: sync.v1\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`,
  );
  const reader = await silent(services.url, `GET /api/workspaces/${ann.workspace}/snapshot HTTP/1.1\r\n${head}\r\n`);
  const other = await ann.call('GET', `/api/workspaces/${ann.workspace}/snapshot`);
  expect([other.status, other.headers.get('retry-after')]).toEqual([503, '1']);

  let stopped = false;
  const stopping = services.stop().then(() => {
    stopped = true;
  });
  // The program gives its stop twenty seconds before it leaves without it.
  await until(async () => stopped, 'the stop', 18);
  await stopping;
  device.destroy();
  reader.destroy();
});
