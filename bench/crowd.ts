import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type WebSocket from 'ws';
import type { Person } from '../test/chaos/person.ts';
import { pick, randomFrom } from '../test/chaos/random.ts';
import { HttpConnection, mustSend } from './connection.ts';
import { distribution, type Figure, milliseconds, round, spreadOf } from './figures.ts';
import { checkInvariants } from './invariants.ts';
import { proportionalMemory, watchOthers } from './machine.ts';
import { openSocket } from './sockets.ts';
import type { Stand } from './stand.ts';
import { WORDS } from './words.ts';

const EVERY = 5_000;
const LOST_AFTER = 60_000;

/** Everybody has a device open, on a connection of its own, and writes once each five seconds; another device of theirs hears it. */
export async function activeUsers(stand: Stand, people: readonly Person[], seconds: number): Promise<Figure> {
  const random = randomFrom(5);
  const created = new Map(people.map((person) => [person.workspace, 0]));
  const heard = new Map<string, (at: number) => void>();
  const seats = [];
  for (const person of people) {
    const connection = await HttpConnection.open(stand.url);
    const socket = await openSocket(connection, person, (frame) => {
      for (const event of frame.events ?? []) heard.get(event.entity_id)?.(performance.now());
    });
    seats.push({ person, connection, socket });
  }
  const took: number[] = [];
  const told: number[] = [];
  const began = performance.now();
  const others = watchOthers();
  await Promise.all(
    seats.map(async ({ person, connection }, index) => {
      const first = began + (index / seats.length) * EVERY;
      for (let turn = 0; turn * EVERY < seconds * 1000; turn++) {
        const intended = first + turn * EVERY;
        await sleep(Math.max(0, intended - performance.now()));
        const start = Math.max(intended, performance.now() - 1.5);
        const id = randomUUID();
        const frame = new Promise<number>((resolve) => heard.set(id, resolve));
        const title = Array.from({ length: 4 }, () => pick(random, WORDS)).join(' ');
        await mustSend(connection, person, 'POST', '/api/tasks', { id, title });
        took.push(performance.now() - start);
        created.set(person.workspace, (created.get(person.workspace) ?? 0) + 1);
        const lost = sleep(LOST_AFTER).then(() => {
          throw new Error('A frame did not come.');
        });
        lost.catch(() => undefined);
        told.push((await Promise.race([frame, lost])) - start);
        heard.delete(id);
      }
    }),
  );
  const share = others();
  for (const { socket, connection } of seats) {
    socket.terminate();
    connection.close();
  }
  await checkInvariants(
    stand,
    [...created].map(([workspace, count]) => ({ workspace, created: count })),
  );
  const found = distribution(took);
  const frames = distribution(told);
  return {
    what: `${people.length} open, active users, one write per 5 s each`,
    value: `${milliseconds(found)}; heard p99 ${round(frames.p99)} ms`,
    spread: `p99 ${spreadOf(took, (part) => distribution(part).p99)}`,
    must: 'p99 < 100 ms',
    reached: found.p99 < 100,
    ...(share === undefined ? {} : { others: share }),
    numbers: { ...found, heard_p50: frames.p50, heard_p99: frames.p99 },
  };
}

/** Devices that lie on the table: what they cost the program in memory, and whether a change still reaches one. */
export async function idleSockets(stand: Stand, people: readonly Person[], count: number): Promise<Figure> {
  const ofProgram = () => proportionalMemory(stand.program.pid).find((one) => one.pid === stand.program.pid)?.megabytes;
  const before = ofProgram() ?? Number.NaN;
  const connection = await HttpConnection.open(stand.url);
  const sockets: WebSocket[] = [];
  const began = performance.now();
  let heard = 0;
  while (sockets.length < count) {
    const some = people.slice(0, Math.min(people.length, count - sockets.length));
    for (const person of some)
      sockets.push(await openSocket(connection, person, (frame) => (frame.events ? heard++ : 0)));
  }
  const opened = (performance.now() - began) / 1000;
  await sleep(5_000);
  const after = ofProgram() ?? Number.NaN;
  const [person] = people as [Person];
  heard = 0;
  await mustSend(connection, person, 'POST', '/api/tasks', { title: 'Heard by every device of one person' });
  const devices = Math.ceil(count / people.length);
  for (let wait = 0; heard < devices && wait < 5_000; wait += 50) await sleep(50);
  for (const socket of sockets) socket.terminate();
  connection.close();
  return {
    what: `${count} idle sockets of ${people.length} people, PSS of the program`,
    value: `${round(after)} MB, ${round(((after - before) * 1024) / count)} kB a socket; opened in ${round(opened)} s; a change reached ${heard} of ${devices} devices`,
    spread: '',
    must: 'all reached (goal: < 300 MB)',
    reached: heard === devices,
    numbers: {
      megabytes: after,
      before,
      kilobytes_a_socket: ((after - before) * 1024) / count,
      opened_seconds: opened,
    },
  };
}
