import { randomFrom } from '../test/chaos/random.ts';
import { HttpConnection, mustSend } from './connection.ts';
import { type Figure, round } from './figures.ts';
import { checkInvariants } from './invariants.ts';
import { watchOthers } from './machine.ts';
import type { Place } from './stand.ts';
import { newTask } from './writes.ts';

const CLIENTS = 32;
/** A change is one event on `task-events` and, with its run, one on `task-updates`. */
const EVENTS_A_CHANGE = 2;

/** As much as clients get done, and how long consumers then take to have all of it: what they fall behind by, they show there. */
export async function throughput(place: Place, seconds: number): Promise<Figure> {
  const people = await place.people(CLIENTS);
  const connections = await Promise.all(people.map(() => HttpConnection.open(place.url)));
  const random = randomFrom(7);
  const created = new Map(people.map(({ workspace }) => [workspace, 0]));
  const others = watchOthers();
  const began = performance.now();
  await Promise.all(
    people.map(async (person, index) => {
      const connection = connections[index] as HttpConnection;
      while (performance.now() - began < seconds * 1000) {
        await mustSend(connection, person, 'POST', '/api/tasks', newTask(random));
        created.set(person.workspace, (created.get(person.workspace) ?? 0) + 1);
      }
    }),
  );
  const written = performance.now();
  await checkInvariants(
    place,
    [...created].map(([workspace, count]) => ({ workspace, created: count })),
  );
  const drained = (performance.now() - began) / 1000;
  const share = others();
  for (const connection of connections) connection.close();
  const changes = [...created.values()].reduce((sum, count) => sum + count, 0);
  const perSecond = (changes * EVENTS_A_CHANGE) / drained;
  const behind = drained - (written - began) / 1000;
  return {
    what: `events over all topics, ${CLIENTS} clients, ${seconds} s`,
    value: `${round(perSecond)}/s (${round(changes / drained)} changes/s), everything handled ${round(behind)} s after the last`,
    spread: '',
    must: '≥ 1,000/s',
    reached: perSecond >= 1_000,
    ...(share === undefined ? {} : { others: share }),
    numbers: { per_second: perSecond, changes, seconds_behind: behind },
  };
}
