import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Consumer } from '@platformatic/kafka';
import topics from '../deploy/topics.json' with { type: 'json' };
import { randomFrom } from '../test/chaos/random.ts';
import { HttpConnection, mustSend } from './connection.ts';
import { mustPush, opsOf } from './devices.ts';
import { type Figure, round } from './figures.ts';
import { checkInvariants } from './invariants.ts';
import { processorTime, watchOthers } from './machine.ts';
import type { StackPlace } from './stack-place.ts';
import { atRate, newTask } from './writes.ts';

const CLIENTS = 32;

export interface Load {
  /** One is what people do; more is what a device sends that was offline, and leaves more of the machine to the events. */
  changesARequest: number;
  /** Offered by all clients together; without it as many as they get answered. */
  changesASecond?: number;
}

/**
 * Events over all topics under a load, and how long consumers then take to have all of it: what they fall behind by, they show
 * there. Beside it what each process took of the processors: the most of it is what gives out first.
 */
export async function throughput(
  place: StackPlace,
  seconds: number,
  { changesARequest, changesASecond }: Load,
): Promise<Figure[]> {
  const people = await place.people(CLIENTS);
  const connections = await Promise.all(people.map(() => HttpConnection.open(place.url)));
  const random = randomFrom(7);
  const created = new Map(people.map(({ workspace }) => [workspace, 0]));
  const others = watchOthers();
  const publishedBefore = await published(place);
  const used = watchProcesses(place);
  const lag = watchLag(
    place,
    people.map(({ workspace }) => workspace),
  );
  const began = performance.now();
  await Promise.all(
    people.map(async (person, index) => {
      const connection = connections[index] as HttpConnection;
      const client_id = randomUUID();
      const act = async () => {
        const done = created.get(person.workspace) ?? 0;
        const tasks = Array.from({ length: changesARequest }, () => newTask(random));
        if (changesARequest === 1) await mustSend(connection, person, 'POST', '/api/tasks', tasks[0]);
        else await mustPush(connection, person, opsOf(client_id, tasks, done + 1));
        created.set(person.workspace, done + changesARequest);
      };
      if (changesASecond) await atRate(changesASecond / changesARequest / CLIENTS, seconds, act);
      else while (performance.now() - began < seconds * 1000) await act();
    }),
  );
  const written = performance.now();
  const share = others();
  const processors = used();
  const behindBy = await lag();
  await checkInvariants(
    place,
    [...created].map(([workspace, count]) => ({ workspace, created: count })),
  );
  const drained = (performance.now() - began) / 1000;
  const events = (await published(place)) - publishedBefore;
  for (const connection of connections) connection.close();
  const changes = [...created.values()].reduce((sum, count) => sum + count, 0);
  const perSecond = events / drained;
  const behind = drained - (written - began) / 1000;
  const thirds = thirdsOf(behindBy);
  const [, second = 0, last = 0] = thirds;
  const load = `${changesASecond ? `${changesASecond} changes a second offered` : 'as many as they can'}, ${changesARequest} a request`;
  return [
    {
      what: `events over all topics, ${CLIENTS} clients, ${load}, ${seconds} s`,
      value: `${round(perSecond)}/s (${round(changes / drained)} changes/s), everything handled ${round(behind)} s after the last; changes that some consumer had not, at most, in each third: ${thirds.join(', ')}`,
      spread: '',
      must: changesASecond ? '≥ 1,000/s, the last third no further behind than the second, or by less than 2 s' : '',
      reached: changesASecond ? perSecond >= 1_000 && last <= Math.max(second, 2 * changesASecond) : undefined,
      ...(share === undefined ? {} : { others: share }),
      numbers: {
        per_second: perSecond,
        events,
        changes,
        seconds_behind: behind,
        behind_second_third: second,
        behind_last_third: last,
      },
    },
    {
      what: `of a processor meanwhile, in %: ${load}`,
      value: [...processors].map(([name, part]) => `${name} ${round(part)}`).join(', '),
      spread: '',
      must: '',
      reached: undefined,
      numbers: Object.fromEntries(processors),
    },
  ];
}

/** Messages that the broker has been given, in all topics. */
async function published({ stack }: StackPlace): Promise<number> {
  const consumer = new Consumer({
    groupId: 'bench',
    clientId: 'bench',
    bootstrapBrokers: [stack.broker.kafka.bootstrap],
  });
  try {
    const offsets = await consumer.listOffsets({ topics: Object.keys(topics) });
    return [...offsets.values()].flat().reduce((sum, offset) => sum + Number(offset), 0);
  } finally {
    await consumer.close();
  }
}

/** Each second the changes that were committed and that the slowest consumer has not handled. */
function watchLag({ database }: StackPlace, workspaces: readonly string[]): () => Promise<number[]> {
  const samples: number[] = [];
  const stop = new AbortController();
  const watching = (async () => {
    while (!stop.signal.aborted) {
      const { rows } = await database.query<{ behind: number }>(
        `select (sum(w.head) - least(sum(coalesce(r.sequence, 0)), sum(coalesce(n.sequence, 0)), sum(coalesce(a.sequence, 0))))::int8 as behind
         from tasks.workspace w
         left join recurring.cursor r on r.workspace_id = w.id
         left join notification.cursor n on n.workspace_id = w.id
         left join audit.cursor a on a.workspace_id = w.id
         where w.id = any($1)`,
        [workspaces],
      );
      samples.push(rows[0]?.behind ?? 0);
      await sleep(1_000, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  })();
  return async () => {
    stop.abort();
    await watching;
    return samples;
  };
}

/** The most in each third. */
function thirdsOf(samples: readonly number[]): number[] {
  const size = Math.ceil(samples.length / 3);
  return [0, 1, 2].map((third) => Math.max(0, ...samples.slice(third * size, (third + 1) * size)));
}

/** What each process takes from now on, in percent of one processor, the most first. */
function watchProcesses({ stack }: StackPlace): () => Map<string, number> {
  const began = performance.now();
  const all = () => [...stack.processes(), { name: 'clients and proxy', pid: process.pid }];
  const timeOf = ({ name, pid }: { name: string; pid: number | undefined }): number => {
    if (pid === undefined) return 0;
    const { own, below } = processorTime(pid);
    return name === 'database' ? own + below : own;
  };
  const before = new Map(all().map((one) => [one.name, timeOf(one)]));
  return () => {
    const milliseconds = performance.now() - began;
    const used = all().map((one): [string, number] => [
      one.name,
      ((timeOf(one) - (before.get(one.name) ?? 0)) / milliseconds) * 100,
    ]);
    return new Map(used.sort(([, a], [, b]) => b - a));
  };
}
