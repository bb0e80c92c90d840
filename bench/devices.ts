import { randomUUID } from 'node:crypto';
import type { Person } from '../test/chaos/person.ts';
import { HttpConnection, mustSend } from './connection.ts';
import { distribution, type Figure, milliseconds, round, spreadOf } from './figures.ts';
import { checkInvariants } from './invariants.ts';
import { watchOthers } from './machine.ts';
import { openSocket } from './sockets.ts';
import type { Place, Stand } from './stand.ts';
import { atRate } from './writes.ts';

/** One device writes, another of the same person hears of it over its socket: from the request to the frame. */
export async function deviceToDevice(place: Place, seconds: number, must: number): Promise<Figure> {
  const [person] = (await place.people(1)) as [Person];
  const connection = await HttpConnection.open(place.url);
  const heard = new Map<string, (at: number) => void>();
  const socket = await openSocket(connection, person, (frame) => {
    for (const event of frame.events ?? []) heard.get(event.entity_id)?.(performance.now());
  });
  let created = 0;
  const took: number[] = [];
  const act = async () => {
    const id = randomUUID();
    const start = performance.now();
    const frame = new Promise<number>((resolve) => heard.set(id, resolve));
    await mustSend(connection, person, 'POST', '/api/tasks', { id, title: 'Heard by another device' });
    created++;
    took.push((await frame) - start);
    heard.delete(id);
  };
  for (let warm = 0; warm < 50; warm++) await act();
  took.length = 0;
  const others = watchOthers();
  await atRate(20, seconds, act);
  const share = others();
  socket.terminate();
  connection.close();
  await checkInvariants(place, [{ workspace: person.workspace, created }]);
  const found = distribution(took);
  return {
    what: 'device → device over the socket, 20/s',
    value: milliseconds(found),
    spread: `p99 ${spreadOf(took, (part) => distribution(part).p99)}`,
    must: `p99 < ${must} ms`,
    reached: found.p99 < must,
    ...(share === undefined ? {} : { others: share }),
    numbers: { ...found },
  };
}

/** What a device made offline goes out: 100 ops a request, one after the other. */
export async function offlinePush(stand: Stand, ops: number): Promise<Figure> {
  const [person] = (await stand.people(1)) as [Person];
  const connection = await HttpConnection.open(stand.url);
  const client_id = randomUUID();
  const others = watchOthers();
  const began = performance.now();
  for (let n = 1; n <= ops; n += 100) {
    const tasks = Array.from({ length: 100 }, (_, index) => ({
      id: randomUUID(),
      title: `Made offline, number ${n + index}`,
    }));
    await mustPush(connection, person, opsOf(client_id, tasks, n));
  }
  const took = (performance.now() - began) / 1000;
  const share = others();
  connection.close();
  await checkInvariants(stand, [{ workspace: person.workspace, created: ops }]);
  const drained = (performance.now() - began) / 1000;
  return {
    what: `offline push of ${ops} ops, 100 a request`,
    value: `${round(took)} s; in all consumers after ${round(drained)} s`,
    spread: '',
    must: `drained in ${(10 * ops) / 20_000} s`,
    reached: drained <= (10 * ops) / 20_000,
    ...(share === undefined ? {} : { others: share }),
    numbers: { seconds: took, drained },
  };
}

/** Tasks made on a device, the first of them its `n`th edit. */
export const opsOf = (client_id: string, tasks: readonly { id: string; title: string }[], n: number) => ({
  client_id,
  schema: 1,
  ops: tasks.map(({ id, title }, index) => ({
    op: randomUUID(),
    n: n + index,
    kind: 'create',
    entity: 'task',
    id,
    patch: { title },
  })),
});

/** @throws where one of them was not done. */
export async function mustPush(
  connection: HttpConnection,
  person: Person,
  push: ReturnType<typeof opsOf>,
): Promise<void> {
  const { body } = await mustSend(connection, person, 'POST', `/api/workspaces/${person.workspace}/ops`, push);
  const { results } = JSON.parse(body) as { results: { status: string }[] };
  if (results.length !== push.ops.length || results.some((result) => result.status !== 'ok'))
    throw new Error(`push: ${body.slice(0, 300)}`);
}
