import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import WebSocket from 'ws';
import type { Person } from '../test/chaos/person.ts';
import { type HttpConnection, mustSend } from './connection.ts';

/** A socket of this person's that the server has welcomed. `heard` is given every frame after that. */
export async function openSocket(
  connection: HttpConnection,
  person: Person,
  heard: (frame: { t: string; events?: { entity_id: string }[] }) => void = () => undefined,
): Promise<WebSocket> {
  const { body } = await mustSend(connection, person, 'POST', '/api/sync/ticket', {});
  const { ticket, url } = JSON.parse(body) as { ticket: string; url: string };
  const socket = new WebSocket(`${url}?ticket=${ticket}`, 'sync.v1', { perMessageDeflate: false });
  const welcome = new Promise<void>((resolve, reject) => {
    socket.on('message', (data) => {
      const frame = JSON.parse(String(data)) as { t: string; events?: { entity_id: string }[] };
      if (frame.t === 'welcome') resolve();
      else heard(frame);
    });
    socket.on('close', (code, reason) => reject(new Error(`The socket was closed: ${code} ${reason}`)));
    socket.on('error', reject);
  });
  welcome.catch(() => undefined);
  await Promise.race([once(socket, 'open'), welcome]);
  const spaces = [{ id: person.workspace, cursor: null }];
  socket.send(JSON.stringify({ t: 'hello', client_id: randomUUID(), schema: 1, spaces }));
  await welcome;
  return socket;
}
