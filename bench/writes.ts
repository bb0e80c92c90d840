import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Person } from '../test/chaos/person.ts';
import { pick, type Random, randomFrom } from '../test/chaos/random.ts';
import { HttpConnection, mustSend } from './connection.ts';
import { distribution, type Figure, milliseconds, round, spreadOf } from './figures.ts';
import { checkInvariants } from './invariants.ts';
import { processorTime, watchOthers } from './machine.ts';
import { LagProbe } from './probe.ts';
import type { Place, Stand } from './stand.ts';
import { WORDS } from './words.ts';

const RATE = 40;
const CLIENTS = 32;

export const newTask = (random: Random) => ({
  id: randomUUID(),
  title: Array.from({ length: 4 }, () => pick(random, WORDS)).join(' '),
});
const versionOf = (body: string): number => Number(/"version":(\d+)/.exec(body)?.[1]);

/** One connection at a fixed rate; a late request counts from when it should have been sent. */
export async function writesOfOneClient(stand: Stand, seconds: number): Promise<Figure[]> {
  const [person] = await stand.people(1);
  if (!person) return [];
  const connection = await HttpConnection.open(stand.url);
  const random = randomFrom(1);
  const ids: string[] = [];
  let created = 0;
  const kinds: [string, () => Promise<unknown>][] = [
    [
      'create',
      async () => {
        const task = newTask(random);
        await mustSend(connection, person, 'POST', '/api/tasks', task);
        created++;
        ids.push(task.id);
      },
    ],
    [
      'update',
      () => mustSend(connection, person, 'PATCH', `/api/tasks/${pick(random, ids)}`, { title: newTask(random).title }),
    ],
    ['complete', () => mustSend(connection, person, 'POST', `/api/tasks/${ids.pop()}/complete`, {})],
  ];
  for (let warm = 0; warm < 200; warm++) await kinds[warm % 10 < 8 ? 0 : warm % 10 < 9 ? 1 : 2]?.[1]();
  // What being asked costs on this machine when all of it sleeps between two requests.
  const asleep = distribution(await atRate(RATE, seconds / 6, () => mustSend(connection, person, 'GET', '/health')));
  const figures: Figure[] = [];
  for (const [kind, act] of kinds) {
    const others = watchOthers();
    const took = await atRate(RATE, seconds / 3, act);
    const found = distribution(took);
    figures.push({
      what: `${kind}, one client at ${RATE}/s`,
      value: milliseconds(found),
      spread: `p50 ${spreadOf(took, (part) => distribution(part).p50)}`,
      must: 'p50 < 3, p99 < 15 ms',
      reached: found.p50 < 3 && found.p99 < 15,
      others: others(),
      note: `of that /health, which asks nobody, takes p50 ${round(asleep.p50)} ms at this rate`,
      numbers: { ...found, health_p50: asleep.p50 },
    });
  }
  connection.close();
  await checkInvariants(stand, [{ workspace: person.workspace, created }]);
  return figures;
}

/** Latencies in milliseconds from the intended starts. */
export async function atRate(perSecond: number, seconds: number, act: () => Promise<unknown>): Promise<number[]> {
  const took: number[] = [];
  const began = performance.now();
  for (let count = 0; count < perSecond * seconds; count++) {
    const intended = began + (count * 1000) / perSecond;
    if (intended > performance.now()) await sleep(intended - performance.now());
    // The clock of a timer is coarse: what it woke late by is not the program's.
    const start = Math.max(intended, performance.now() - 1.5);
    await act();
    took.push(performance.now() - start);
  }
  return took;
}

/** As many creations as 32 connections get done, each starting when the last was answered. */
export async function writesOfManyClients(
  stand: Stand,
  seconds: number,
  workspaces: 1 | 32,
): Promise<{ figure: Figure; perSecond: number }> {
  const people = await stand.people(workspaces);
  const connections = await Promise.all(Array.from({ length: CLIENTS }, () => HttpConnection.open(stand.url)));
  const random = randomFrom(2);
  const probe = new LagProbe(stand);
  const created = new Map(people.map((person) => [person.workspace, 0]));
  const ownerOf = (index: number) => people[index % people.length] as Person;
  const run = async (milliseconds: number): Promise<{ took: number[]; at: number[] }> => {
    const took: number[] = [];
    const at: number[] = [];
    const began = performance.now();
    const client = async (connection: HttpConnection, person: Person) => {
      while (performance.now() - began < milliseconds) {
        const start = performance.now();
        const { body } = await mustSend(connection, person, 'POST', '/api/tasks', newTask(random));
        const end = performance.now();
        took.push(end - start);
        at.push(end - began);
        created.set(person.workspace, (created.get(person.workspace) ?? 0) + 1);
        if (took.length % 40 === 0) void probe.watch(person.workspace, versionOf(body));
      }
    };
    await Promise.all(connections.map((connection, index) => client(connection, ownerOf(index))));
    return { took, at };
  };
  await run(2_000);
  probe.milliseconds.length = 0;
  const others = watchOthers();
  const before = processorTime(stand.program.pid);
  const { took, at } = await run(seconds * 1000);
  const after = processorTime(stand.program.pid);
  const share = others();
  for (const connection of connections) connection.close();
  await checkInvariants(
    stand,
    [...created].map(([workspace, count]) => ({ workspace, created: count })),
  );
  const found = distribution(took);
  const lag = distribution(probe.milliseconds);
  const perSecond = took.length / seconds;
  const thirds = [0, 1, 2].map(
    (part) => at.filter((end) => Math.floor((end / (seconds * 1000)) * 3) === part).length / (seconds / 3),
  );
  const ofProgram = (after.own - before.own) / took.length;
  const ofDatabase = (after.below - before.below) / took.length;
  const one = workspaces === 1;
  return {
    perSecond,
    figure: {
      what: `creates, ${CLIENTS} clients on ${workspaces} workspace${one ? '' : 's'}, ${seconds} s`,
      value: `${round(perSecond)}/s, p50 ${round(found.p50)}, p99 ${round(found.p99)} ms; consumers' lag p99 ${round(lag.p99)} ms`,
      spread: `${round(Math.min(...thirds))}–${round(Math.max(...thirds))}/s`,
      must: one ? '≥ 400/s, p99 < 120 ms' : '≥ 870/s (5 × OpenTask), lag p99 ≤ 200 ms',
      reached: one ? perSecond >= 400 && found.p99 < 120 : perSecond >= 870 && lag.p99 <= 200,
      ...(share === undefined ? {} : { others: share }),
      note: `processor time a write: program ${round(ofProgram)}, database ${round(ofDatabase)} ms`,
      numbers: {
        program_ms_per_write: ofProgram,
        database_ms_per_write: ofDatabase,
        per_second: perSecond,
        p50: found.p50,
        p95: found.p95,
        p99: found.p99,
        lag_p50: lag.p50,
        lag_p99: lag.p99,
        lag_looks: lag.count,
      },
    },
  };
}

/** How long after its commit a change has taken effect everywhere, while others write. */
export async function effects(
  place: Place,
  seconds: number,
  perSecond: number,
  must: { p50?: number; p99: number },
): Promise<Figure> {
  const people = await place.people(8);
  const connections = await Promise.all(Array.from({ length: 16 }, () => HttpConnection.open(place.url)));
  const random = randomFrom(3);
  const probe = new LagProbe(place);
  const created = new Map(people.map((person) => [person.workspace, 0]));
  const run = (time: number) =>
    Promise.all(
      connections.map(async (connection, index) => {
        await sleep((index * 1000) / perSecond);
        const person = people[index % people.length] as Person;
        return atRate(perSecond / connections.length, time, async () => {
          const { body } = await mustSend(connection, person, 'POST', '/api/tasks', newTask(random));
          created.set(person.workspace, (created.get(person.workspace) ?? 0) + 1);
          if (index === 0) void probe.watch(person.workspace, versionOf(body));
        });
      }),
    );
  await run(2);
  probe.milliseconds.length = 0;
  const others = watchOthers();
  const took = (await run(seconds)).flat();
  const share = others();
  for (const connection of connections) connection.close();
  await checkInvariants(
    place,
    [...created].map(([workspace, count]) => ({ workspace, created: count })),
  );
  const found = distribution(probe.milliseconds);
  const writes = distribution(took);
  return {
    what: `commit → effect in consumers, ${perSecond} writes/s`,
    value: milliseconds(found),
    spread: `p99 ${spreadOf(probe.milliseconds, (part) => distribution(part).p99)}`,
    must: `${must.p50 ? `p50 < ${must.p50}, ` : ''}p99 < ${must.p99} ms`,
    reached: found.p99 < must.p99 && found.p50 < (must.p50 ?? Number.POSITIVE_INFINITY),
    ...(share === undefined ? {} : { others: share }),
    numbers: { ...found, writes_p50: writes.p50, writes_p99: writes.p99 },
    note: 'from the answer to the writer until the consumer’s cursor is past it, looked at each millisecond',
  };
}
