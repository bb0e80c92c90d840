import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Consumer, type Message, MessagesStreamModes, Producer } from '@platformatic/kafka';
import pg from 'pg';
import { expect } from 'vitest';
import type { ServiceName, Stack } from '../../scripts/stack/stack.mjs';
import { behind } from '../chaos/checks/behind.ts';
import type { Fault } from '../chaos/faults.ts';
import type { Attempt, Verb } from '../chaos/journal.ts';
import { type Answer, type Person, type Request, send } from '../chaos/person.ts';
import { pile } from '../chaos/pile.ts';
import { say } from '../chaos/say.ts';
import type { Stage } from '../chaos/stage.ts';
import { until } from '../support/running-services.ts';
import { isUp } from './stack-program.ts';

const A_WHILE = 1_500;
const ALL: readonly ServiceName[] = ['api', 'recurring', 'notification', 'sync', 'audit'];
/** Milliseconds without a broker: changes are taken all the same, and are with everybody once it is back. */
const AWAY = Number(process.env.AWAY ?? 30_000);
/** Longer than a standby waits for a holder that is silent. */
const FROZEN = 14_000;
/** Longer than a sidecar tries to deliver. */
const STOPPED = 20_000;
const BACKLOG = Number(process.env.BACKLOG ?? 3_000);
/** At most so many of each partition. */
const REPEATED = 1_000;
/** How often each replica leaves its group and comes back. */
const TURNS = Number(process.env.TURNS ?? 2);

/** What may befall a stack with two instances of each service, while everybody works. All of it runs again when it is over. */
export function stackFaults(place: () => Stack, program: string): readonly Fault[] {
  const upAgain = () => until(() => isUp(place()), 'all of the stack again', 120);

  /** Nothing can be promised of the time while it lasts. */
  function fault(name: string, act: (stage: Stage) => Promise<unknown>): Fault {
    return {
      name,
      async befall(stage) {
        await sleep(A_WHILE);
        const from = Date.now();
        stage.deaths.push(from);
        await act(stage);
        await upAgain();
        stage.pauses.push({ from, to: Date.now() });
        stage.deaths.push(Date.now());
        await sleep(A_WHILE);
      },
    };
  }
  /** To one process after another. */
  const each = (name: string, names: RegExp, act: (one: string) => Promise<unknown>): Fault =>
    fault(name, async () => {
      for (const process of place()
        .processes()
        .filter((one) => names.test(one.name))) {
        await act(process.name);
        await upAgain();
        await sleep(A_WHILE);
      }
    });
  const kill = (name: string) => place().kill(name);
  const freeze = (milliseconds: number) => async (name: string) => {
    place().signal(name, 'SIGSTOP');
    await sleep(milliseconds);
    place().signal(name, 'SIGCONT');
  };

  return [
    each('kill -9 of each service', /^(api|recurring|notification|sync|audit)-0$/, kill),
    each('kill -9 of each sidecar', /-0-daprd$/, kill),
    each('kill -9 of the scheduler, and of the broker', /^(scheduler|kafka)$/, kill),
    each('kill -9 of the database', /^database$/, kill),
    fault(`no broker for ${AWAY / 1000} s`, async () => {
      await place().kill('kafka', { stays_away: true });
      await sleep(AWAY);
      place().comeBack('kafka');
    }),
    each(`each api frozen for ${FROZEN / 1000} s, the one that relays too`, /^api-\d$/, freeze(FROZEN)),
    each(`a consumer stopped for ${STOPPED / 1000} s`, /^(notification|audit)-0$/, freeze(STOPPED)),
    fault('the broker wiped, and what it held sent again', async (stage) => {
      const since = new Date(Date.now() - 60_000).toISOString();
      await whileNobodyTakes(stage, async () => {
        await Promise.all(Array.from({ length: 5 }, () => failToSignIn(stage)));
        // So that reminders ring as well; shorter than a sidecar tries.
        await sleep(8_000);
        await place().wipe('kafka');
      });
      await upAgain();
      for (const service of ALL) {
        const { status, text } = await asAdmin(stage, `/api/admin/${service}/replay`, { since });
        expect(status, text).toBe(200);
      }
    }),
    fault('the scheduler wiped', () => place().wipe('scheduler')),
    fault('every event again, and again backwards', async () => {
      for (const topic of ['task-events', 'reminders', 'audit-log']) await repeat(place(), topic);
    }),
    fault('replicas leave their groups and come back', async () => {
      for (let turn = 0; turn < TURNS; turn++)
        for (const service of ['notification', 'recurring', 'audit', 'sync'])
          for (const name of [`${service}-1-daprd`, `${service}-1`]) {
            await place().restart(name);
            await sleep(2_000);
          }
    }),
    fault('every service replaced, twice, and no request failed', async (stage) => {
      const since = stage.record.attempts.length;
      const { unavailable } = stage.record.counts;
      // A newer one beside the older of each; then everybody is as new.
      for (const instances of [1, 2]) for (const service of ALL) await place().roll(service, { instances, program });
      await sleep(A_WHILE);
      const failed = stage.record.attempts.slice(since).filter(({ retries }) => retries > 0);
      const shown = failed.map(({ request, trail }) => `${request.method} ${request.path} ${JSON.stringify(trail)}`);
      expect(shown.slice(0, 5)).toEqual([]);
      expect(stage.record.counts.unavailable - unavailable).toBe(0);
    }),
    {
      name: `${BACKLOG.toLocaleString('en')} changes that no consumer has seen`,
      alone: true,
      befall: (stage) => backlog(place(), stage),
    },
    { name: 'a poisoned event on each topic, and what is none', befall: (stage) => poison(place(), stage) },
  ];
}

/** What is no change is published, and no consumer of it can take it: what says that it was seen is held by somebody else. */
async function whileNobodyTakes(stage: Stage, work: () => Promise<unknown>): Promise<void> {
  const holder = new pg.Client(stage.connection);
  await holder.connect();
  await holder.query('begin');
  await holder.query('lock table tasks.seen, notification.seen, audit.seen in share mode');
  await work().finally(() => holder.end());
}

/** An act that is no change: the audit log is to hear of it. */
async function failToSignIn(stage: Stage): Promise<void> {
  const { status } = await fetch(`${stage.url}/api/auth/sign-in/email`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: stage.url },
    body: JSON.stringify({ email: stage.people[0]?.email, password: 'not the one 7 of mine' }),
  });
  expect(status).toBe(401);
}

/** Whoever consumes is away as long as changes are made. */
async function backlog(stack: Stack, stage: Stage): Promise<void> {
  const names = ['recurring', 'notification', 'audit'].flatMap((service) =>
    stack.processes().flatMap(({ name }) => (new RegExp(`^${service}-\\d$`).test(name) ? [name] : [])),
  );
  for (const name of names) await stack.kill(name, { stays_away: true });
  await pile(stage, BACKLOG);
  const since = Date.now();
  for (const name of names) stack.comeBack(name);
  await until(() => isUp(stack), 'all of the stack again', 120);
  const looking = new pg.Client(stage.connection);
  await looking.connect();
  await until(async () => (await behind(looking)).length === 0, 'all caught up', 1_200).finally(() => looking.end());
  say(`backlog: ${BACKLOG} changes caught up by every consumer in ${((Date.now() - since) / 1000).toFixed(1)} s`);
}

/** The first account runs the place. A sidecar that is not back yet is waited for. */
async function asAdmin(stage: Stage, path: string, body?: object): Promise<Answer> {
  const [admin] = stage.people;
  if (!admin) throw new Error('Nobody is there.');
  const request: Request = body ? { method: 'POST', path, body } : { method: 'GET', path };
  return until(
    async () => {
      const answer = await send(stage.url, admin, request).catch(() => undefined);
      return answer && answer.status < 500 && answer;
    },
    path,
    60,
  );
}

/** Publishes the newest that a topic holds once more in its order, and once more from its end, each to the partition where it was. */
async function repeat(stack: Stack, topic: string): Promise<void> {
  const at = { clientId: 'repeats', bootstrapBrokers: [stack.broker.kafka.bootstrap] };
  const consumer = new Consumer({ ...at, groupId: `repeats-${randomUUID()}` });
  const producer = new Producer(at);
  try {
    const ends = (await consumer.listOffsets({ topics: [topic] })).get(topic) ?? [];
    const all: Message<Buffer, Buffer, Buffer, Buffer>[] = [];
    const stream = await consumer.consume({ topics: [topic], mode: MessagesStreamModes.EARLIEST, autocommit: false });
    const wanted = Number(ends.reduce((sum, end) => sum + end, 0n));
    if (wanted > 0)
      for await (const message of stream) {
        if (message.offset < (ends[message.partition] ?? 0n)) all.push(message);
        if (all.length >= wanted) break;
      }
    const newest = [...new Set(all.map(({ partition }) => partition))].flatMap((one) =>
      all.filter(({ partition }) => partition === one).slice(-REPEATED),
    );
    const again = newest.map(({ key, value, partition }) => ({ topic, key, value, partition }));
    for (const messages of [again, again.toReversed()])
      for (let from = 0; from < messages.length; from += 100)
        await producer.send({ messages: messages.slice(from, from + 100) });
  } finally {
    await producer.close();
    await consumer.close(true);
  }
}

/** Rules of the database that one event of each topic breaks, as often as it is tried. */
const POISONED = [
  ['notification.task', `title <> 'poison to plan'`],
  ['tasks.task', `not (title = 'poison to follow' and due_date = '2031-01-02')`],
  ['notification.ledger', `not (channel = 'mail' and title = 'poison to tell')`],
  ['audit.audit_logs', `action <> 'sign_in_failed'`],
] as const;
/** What becomes of it: of these services, so many dead letters. */
const LETTERS = { api: 1, notification: 2, audit: 1 } as const;
/** How many services take each topic: each says of what is no event that it is not for it. */
const SUBSCRIBERS = { 'task-events': 4, reminders: 1, 'audit-log': 1 } as const;

/**
 * Events that nobody can handle, one of each topic and one of them in order: each becomes a dead letter while all others go on;
 * mended and replayed each has its effect once. And bodies that are no event: they go where nobody waits for them.
 */
async function poison(stack: Stack, stage: Stage): Promise<void> {
  const [person, other] = stage.people;
  if (!person || !other) throw new Error('Nobody is there.');
  const lengths = await lengthsOfDeadLetterTopics(stack);
  for (const [table, rule] of POISONED)
    await stage.sql(`alter table ${table} add constraint poisoned check (${rule}) not valid`);
  const make = (who: Person, body: object) =>
    tell(stage, who, { method: 'POST', path: '/api/tasks', key: randomUUID(), body }, 'created');
  await make(person, { title: 'poison to plan' });
  await make(person, {
    title: 'poison to tell',
    reminders: [{ at: new Date(Date.now() + 4_000).toISOString() }],
  });
  const slot = await make(person, {
    title: 'poison to follow',
    due_date: '2031-01-01',
    recurrence: { rule: 'FREQ=DAILY' },
  });
  const { id } = JSON.parse(slot.text) as { id: string };
  const complete = { method: 'POST', path: `/api/tasks/${id}/complete`, key: randomUUID(), body: {} };
  await tell(stage, person, complete, 'completed', id);
  await failToSignIn(stage);
  await publishNonsense(stack);

  // Whoever has nothing to do with it does not wait for it.
  const made = JSON.parse((await make(other, { title: 'goes on' })).text) as { id: string };
  const isPlanned = async () => (await stage.sql('select from notification.task where id = $1', [made.id])).length > 0;
  await until(isPlanned, 'another’s event', 60);

  const services = Object.keys(LETTERS) as (keyof typeof LETTERS)[];
  const letters = async (service: keyof typeof LETTERS) => {
    const { text } = await asAdmin(stage, `/api/admin/${service}/dead-letters`);
    const { items } = JSON.parse(text) as { items: { id: string; replayed_at: string | null }[] };
    return items.filter(({ replayed_at }) => replayed_at === null);
  };
  for (const service of services)
    await until(async () => (await letters(service)).length === LETTERS[service], `dead letters of ${service}`, 180);
  for (const [table] of POISONED) await stage.sql(`alter table ${table} drop constraint poisoned`);
  for (const service of services)
    for (const letter of await letters(service)) {
      const path = `/api/admin/${service}/dead-letters/${letter.id}/replay`;
      expect(JSON.parse((await asAdmin(stage, path, {})).text), service).toEqual({
        outcome: expect.stringMatching(/applied|superseded/),
      });
      expect(JSON.parse((await asAdmin(stage, path, {})).text)).toEqual({ outcome: 'already_replayed' });
    }
  await until(
    async () => {
      const now = await lengthsOfDeadLetterTopics(stack);
      return Object.entries(SUBSCRIBERS).every(
        ([topic, count]) => (now[topic] ?? 0) - (lengths[topic] ?? 0) >= NONSENSE.length * count,
      );
    },
    'what is no event at the dead-letter topics',
    120,
  );
  // What is no JSON no service gets to see.
  for (const [topic, count] of Object.entries(SUBSCRIBERS))
    expect(await putAside(stack, topic), topic).toBeGreaterThanOrEqual((NONSENSE.length - 1) * count);
}

/** What all instances say that they put aside of a topic, since each was started. */
async function putAside(stack: Stack, topic: string): Promise<number> {
  const instances = ALL.flatMap((service) => stack.instances(service));
  const texts = await Promise.all(instances.map(async ({ url }) => (await fetch(`${url}/metrics`)).text()));
  const counted = new RegExp(`^taskmaster_put_aside_total\\{topic="${topic}"\\} (\\d+)$`, 'm');
  return texts.reduce((sum, text) => sum + Number(counted.exec(text)?.[1] ?? 0), 0);
}

const uuid = randomUUID();
/** Not JSON; JSON, and no event; events that no table takes. */
const NONSENSE = [
  '{"no',
  '{"no":"event"}',
  `{"id":"1","type":"com.todo.task.created","data":{"workspace_id":"${uuid}","sequence":1}}`,
  `{"id":"${uuid}","type":"com.todo.audit.recorded","data":{"workspace_id":"x"}}`,
  `{"id":"${uuid}","type":"com.todo.task.created","data":{"workspace_id":"${uuid}","sequence":"x"}}`,
];
async function publishNonsense(stack: Stack): Promise<void> {
  const producer = new Producer({ clientId: 'nonsense', bootstrapBrokers: [stack.broker.kafka.bootstrap] });
  const messages = Object.keys(SUBSCRIBERS).flatMap((topic) =>
    NONSENSE.map((body) => ({ topic, key: Buffer.from('nobody'), value: Buffer.from(body) })),
  );
  await producer.send({ messages }).finally(() => producer.close());
}

async function lengthsOfDeadLetterTopics(stack: Stack): Promise<{ [topic: string]: number }> {
  const consumer = new Consumer({
    groupId: 'looks',
    clientId: 'looks',
    bootstrapBrokers: [stack.broker.kafka.bootstrap],
  });
  const topics = Object.keys(SUBSCRIBERS);
  try {
    const offsets = await consumer.listOffsets({ topics: topics.map((topic) => `${topic}-dlq`) });
    return Object.fromEntries(topics.map((topic) => [topic, Number(offsets.get(`${topic}-dlq`)?.[0] ?? 0n)]));
  } finally {
    await consumer.close();
  }
}

/** A request of somebody, which is answered: written down as what clients here do. */
async function tell(stage: Stage, person: Person, request: Request, verb: Verb, id?: string): Promise<Answer> {
  const answer = await send(stage.url, person, request);
  const attempt: Attempt = {
    ...{ person, request, answer, verb, shape: 'one', outcome: 'acknowledged', retries: 0, trail: [] },
    ...(id ? { id } : {}),
  };
  stage.record.attempts.push(attempt);
  return answer;
}
