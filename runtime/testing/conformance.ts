import { randomUUID } from 'node:crypto';
import {
  type ChangeEvent,
  EVENT_SOURCE,
  type Event,
  type OccurrenceDue,
  schemaAddress,
} from '@taskmaster/contracts/events/event';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningRuntime } from '../create-runtime.ts';
import { isInfrastructureError } from '../infrastructure-error.ts';
import { type Adapter, type Emit, type LogSource, reject, type Statement, type Tx } from '../runtime.ts';
import { statementsOf } from '../statement.ts';

/** What an adapter's test brings: a service that owns a log, one that consumes it, on a real back end. */
export interface Harness {
  adapter: Adapter;
  /** Fresh runtimes over the same back end, as after a restart of the program. */
  restart(): Promise<void>;
  owner(): RunningRuntime<'tasks'>;
  consumer(): RunningRuntime<'recurring'>;
  /** Called once per start, before `begin`: the suite registers its log and its handlers. */
  onStart(register: (owner: RunningRuntime<'tasks'>, consumer: RunningRuntime<'recurring'>) => void): void;
  /** Runs SQL as the owner of the database, for looking. */
  sql<Row>(text: string, values?: unknown[]): Promise<Row[]>;
  stop(): Promise<void>;
}

const say = statementsOf('recurring');
const insertEffect: Statement<'recurring', never> = say(
  'test_effect',
  'insert into recurring.test_effect (workspace_id, sequence, event_id) values ($1, $2, $3)',
);

/** A log in memory that the relay, repair and replay read as they would read the real one. */
class TestLog {
  readonly spaces = new Map<string, { epoch: string; events: ChangeEvent[] }>();

  append(workspaceId: string, type: ChangeEvent['type'] = 'com.todo.task.updated'): ChangeEvent {
    const space = this.spaces.get(workspaceId) ?? { epoch: randomUUID(), events: [] };
    this.spaces.set(workspaceId, space);
    const sequence = space.events.length + 1;
    const event: ChangeEvent = {
      specversion: '1.0',
      id: randomUUID(),
      source: EVENT_SOURCE,
      type,
      subject: workspaceId,
      time: new Date().toISOString(),
      datacontenttype: 'application/json',
      dataschema: schemaAddress('change'),
      data: {
        user_id: workspaceId,
        workspace_id: workspaceId,
        sequence,
        epoch: space.epoch,
        idempotency_key: randomUUID(),
        meta: {
          actor: { kind: 'system', id: 'test' },
          via: 'test',
          correlation_id: randomUUID(),
          causation_id: null,
          acl_version: 1,
        },
        payload: { after: {}, changed: {} },
      },
    };
    space.events.push(event);
    return event;
  }

  readonly source: LogSource = {
    range: async (positions) =>
      positions.flatMap(({ workspace_id, after }) => {
        const space = this.spaces.get(workspace_id);
        const events = space?.events.slice(after, after + 100) ?? [];
        return space && events.length > 0
          ? [
              {
                workspace_id,
                events,
                updates: [],
                epoch: space.epoch,
                to: after + events.length,
                more: after + events.length < space.events.length,
              },
            ]
          : [];
      }),
    heads: async (input) => {
      const ids = 'workspace_ids' in input ? input.workspace_ids : [...this.spaces.keys()];
      return ids.flatMap((id) => {
        const space = this.spaces.get(id);
        return space ? [{ workspace_id: id, head: space.events.length, epoch: space.epoch, acl_version: 1 }] : [];
      });
    },
  };
}

/**
 * The runtime's promises, written against its interface alone: every adapter passes the very same. Times here are limits
 * against waiting for ever; none measures speed.
 */
export function describeRuntime(name: string, start: () => Promise<Harness>): void {
  describe(`the runtime on ${name}`, () => {
    let harness: Harness;
    const log = new TestLog();
    /** What the handler does with an event of this id, until it is taken away. */
    const trouble = new Map<string, (event: Event) => void>();
    const attempts = new Map<string, number[]>();
    const observed: Event[] = [];
    const observedToo: Event[] = [];
    const ofAnotherType: Event[] = [];
    const handled: string[] = [];

    const note = ({ id }: Event) => attempts.set(id, [...(attempts.get(id) ?? []), Date.now()]);
    /** Between the attempts at one event by itself, in milliseconds. */
    const waitsOf = (event: Event): number[] => {
      const times = (attempts.get(event.id) ?? []).slice(-4);
      return times.slice(1).map((time, index) => time - (times[index] as number));
    };
    const handle = async (event: ChangeEvent, tx: Tx<'recurring'>): Promise<void> => {
      note(event);
      tx.write(insertEffect, [event.data.workspace_id, event.data.sequence, event.id]);
      trouble.get(event.id)?.(event);
    };

    beforeAll(async () => {
      harness = await start();
      await harness.sql(
        'create table recurring.test_effect (workspace_id uuid, sequence bigint, event_id uuid, n bigint generated always as identity)',
      );
      await harness.sql('grant select, insert on recurring.test_effect to taskmaster_recurring');
      harness.onStart((owner, consumer) => {
        owner.log(log.source);
        owner.answer('events', async ({ workspace_id, from, to }) => {
          const events = log.spaces.get(workspace_id)?.events ?? [];
          return { events: events.slice(from - 1, to), head: events.length };
        });
        owner.answer('heads', async (input) => ({ heads: await log.source.heads(input) }));
        consumer.consume('effects', ['com.todo.task.updated'], handle);
        consumer.observe(['com.todo.task.sync'], (event) => observed.push(event));
        consumer.observe(['com.todo.task.sync'], (event) => observedToo.push(event));
        consumer.observe(['com.todo.notification.updated'], (event) => ofAnotherType.push(event));
        owner.consume('answers', ['com.todo.task.occurrence-due'], async (event) => {
          note(event);
          trouble.get(event.id)?.(event);
          handled.push(event.id);
        });
      });
      await harness.restart();
    });
    afterAll(() => harness.stop());

    const effects = (workspaceId: string) =>
      harness
        .sql<{ sequence: string }>('select sequence from recurring.test_effect where workspace_id = $1 order by n', [
          workspaceId,
        ])
        .then((rows) => rows.map((row) => Number(row.sequence)));
    const settled = async (workspaceId: string, count: number): Promise<number[]> =>
      waitFor(
        async () => ((await effects(workspaceId)).length >= count ? effects(workspaceId) : undefined),
        `${count} effects`,
      );
    const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);
    const publish = (events: readonly Event[]) => harness.adapter.publish('task-events', events);

    it('gives a consumer every event of a workspace once, in order', async () => {
      const space = randomUUID();
      for (let index = 0; index < 250; index++) log.append(space);
      await harness.owner().replay(0, [space]);
      expect(await settled(space, 250)).toEqual(upTo(250));
    });

    it('passes duplicates over, alone, at once and after a replay', async () => {
      const space = randomUUID();
      const events = [log.append(space), log.append(space), log.append(space)];
      await Promise.all([publish(events), publish(events), publish([events[1] as Event])]);
      await settled(space, 3);
      await harness.owner().replay(0, [space]);
      const marker = log.append(space);
      await publish([marker]);
      expect(await settled(space, 4)).toEqual(upTo(4));
    });

    it('mends a gap from the log: what came too early waits for what is missing', async () => {
      const space = randomUUID();
      const events = upTo(5).map(() => log.append(space));
      await publish([events[4] as Event]);
      expect(await settled(space, 5)).toEqual(upTo(5));
    });

    it('puts reordered events in their order', async () => {
      const space = randomUUID();
      const events = upTo(20).map(() => log.append(space));
      for (const event of [...events].reverse()) await publish([event]);
      expect(await settled(space, 20)).toEqual(upTo(20));
    });

    it('finds a lost last event by comparing with the heads', async () => {
      const space = randomUUID();
      const first = log.append(space);
      log.append(space);
      await publish([first]);
      expect(await settled(space, 2)).toEqual([1, 2]);
    });

    it('moves the cursor past types that the consumer does not care for', async () => {
      const space = randomUUID();
      const events = [log.append(space), log.append(space, 'com.todo.project.created'), log.append(space)];
      await publish(events);
      expect(await settled(space, 2)).toEqual([1, 3]);
      const [cursor] = await harness.sql<{ sequence: string }>(
        'select sequence from recurring.cursor where workspace_id = $1',
        [space],
      );
      expect(Number(cursor?.sequence)).toBe(3);
    });

    it('drops events of a foreign epoch and of a workspace that the log does not know', async () => {
      const space = randomUUID();
      const event = log.append(space);
      await publish([event]);
      await settled(space, 1);
      const foreign = { ...event, id: randomUUID(), data: { ...event.data, epoch: randomUUID(), sequence: 2 } };
      const unknown = { ...event, id: randomUUID(), data: { ...event.data, workspace_id: randomUUID() } };
      await publish([foreign, unknown]);
      log.append(space);
      await publish([log.spaces.get(space)?.events[1] as Event]);
      expect(await settled(space, 2)).toEqual([1, 2]);
      expect(await effects(unknown.data.workspace_id)).toEqual([]);
    });

    it('writes nothing for a handler that throws, and tries again: a passing failure loses and doubles nothing', async () => {
      const space = randomUUID();
      const events = upTo(4).map(() => log.append(space));
      trouble.set((events[1] as Event).id, () => {
        if ((attempts.get((events[1] as Event).id)?.length ?? 0) < 3) throw new Error('not yet');
      });
      await publish(events);
      expect(await settled(space, 4)).toEqual(upTo(4));
    });

    it('holds a poisoned workspace through four attempts, 1, 5 and 25 s apart, then buries the event and goes on; others never wait', async () => {
      const [poisoned, healthy] = [randomUUID(), randomUUID()];
      const events = upTo(3).map(() => log.append(poisoned));
      const poison = events[0] as ChangeEvent;
      const unsequenced = due();
      for (const { id } of [poison, unsequenced])
        trouble.set(id, () => {
          throw new Error('poison');
        });
      await harness.consumer().transact(async (_tx: Tx<'recurring'>, emit: Emit) => emit(unsequenced));
      await publish([...events, log.append(healthy), log.append(healthy)]);
      expect(await settled(healthy, 2)).toEqual([1, 2]);
      expect(await effects(poisoned)).toEqual([]);
      expect(
        await waitFor(
          async () => ((await effects(poisoned)).length === 2 ? effects(poisoned) : undefined),
          'the events behind',
          120,
        ),
      ).toEqual([2, 3]);
      const buried = () => harness.owner().deadLetters.list();
      await waitFor(
        async () => (await buried()).find((one) => one.event_id === unsequenced.id),
        'the dead letter of what has no place in an order',
        120,
      );
      expect((await buried()).find((one) => one.event_id === unsequenced.id)).toMatchObject({ attempts: 4 });
      trouble.delete(unsequenced.id);
      for (const event of [poison, unsequenced])
        for (const [index, least] of [1_000, 5_000, 25_000].entries())
          expect(waitsOf(event)[index]).toBeGreaterThanOrEqual(least - 50);

      const letter = (await harness.consumer().deadLetters.list()).find((one) => one.event_id === poison.id);
      expect(letter).toMatchObject({ consumer: 'effects', attempts: 4, error: 'poison', replayed_at: null });
      await expect(harness.consumer().deadLetters.replay(letter?.id ?? '')).rejects.toThrow('poison');
      trouble.delete(poison.id);
      expect(await harness.consumer().deadLetters.replay(letter?.id ?? '')).toBe('applied');
      expect(await harness.consumer().deadLetters.replay(letter?.id ?? '')).toBe('already_replayed');
      expect((await effects(poisoned)).sort()).toEqual([1, 2, 3]);
    });

    it('buries a rejected event at once', async () => {
      const space = randomUUID();
      const events = [log.append(space), log.append(space)];
      trouble.set((events[0] as Event).id, () => reject('not for us'));
      await publish(events);
      expect(await settled(space, 1)).toEqual([2]);
      expect(
        (await harness.consumer().deadLetters.list()).some(
          (one) => one.event_id === events[0]?.id && one.error === 'not for us',
        ),
      ).toBe(true);
    });

    it('takes up after a restart what it held before', async () => {
      const space = randomUUID();
      const events = upTo(3).map(() => log.append(space));
      trouble.set((events[0] as Event).id, () => {
        throw new Error('until the restart');
      });
      await publish(events);
      await waitFor(async () => (attempts.get((events[0] as Event).id)?.length ?? 0) > 0 || undefined, 'an attempt');
      trouble.clear();
      await harness.restart();
      expect(await settled(space, 3)).toEqual(upTo(3));
    });

    it('does not count a database that is away as an attempt', async () => {
      const space = randomUUID();
      const event = log.append(space);
      let failures = 0;
      trouble.set(event.id, () => {
        if (failures++ < 1) throw Object.assign(new Error('terminating connection'), { code: '57P01' });
      });
      await publish([event]);
      expect(await settled(space, 1)).toEqual([1]);
      const [held] = await harness.sql('select 1 from recurring.dead_letter where workspace_id = $1', [space]);
      expect(held).toBeUndefined();
    });

    it('stops while the database is away, and does the rest after the next start', async () => {
      const space = randomUUID();
      const event = log.append(space);
      let away = true;
      let tried = 0;
      trouble.set(event.id, () => {
        tried++;
        if (away) throw Object.assign(new Error('terminating connection'), { code: '57P01' });
      });
      harness
        .owner()
        .replay(0, [space])
        .catch(() => undefined);
      await waitFor(async () => tried > 1 || undefined, 'the second try');
      await harness.restart();
      away = false;
      expect(await settled(space, 1)).toEqual([1]);
    });

    it('sends again what was emitted since a time, where a carrier lost it; who has it passes it over', async () => {
      const [before, lost, seen] = [due(), due(), due()];
      const emit = (event: Event) =>
        harness.consumer().transact(async (_tx: Tx<'recurring'>, emitted: Emit) => emitted(event));
      for (const event of [before, lost, seen]) {
        await emit(event);
        await waitFor(async () => handled.includes(event.id) || undefined, 'the emitted event');
      }
      const [at] = await waitFor(async () => {
        const rows = await harness.sql<{ published_at: string | null }>(
          'select published_at::text from recurring.outbox where id = $1',
          [lost.id],
        );
        return rows[0]?.published_at ? rows : undefined;
      }, 'its mark');
      // As if it had never come.
      await harness.sql('delete from tasks.seen where event_id = $1', [lost.id]);
      const { events } = await harness.consumer().sendAgain(at?.published_at ?? '');
      expect(events).toBe(2);
      const times = (event: Event) => handled.filter((id) => id === event.id).length;
      await waitFor(async () => times(lost) === 2 || undefined, 'the event that was lost');
      await waitFor(async () => (await harness.consumer().counts()).outbox === 0 || undefined, 'an empty outbox');
      expect([times(before), times(seen)]).toEqual([1, 1]);
    });

    it('sends what was emitted once the transaction is committed, once; and nothing of one that was rolled back', async () => {
      const event = due();
      await harness.consumer().transact(async (_tx: Tx<'recurring'>, emit: Emit) => emit(event));
      await waitFor(async () => handled.includes(event.id) || undefined, 'the emitted event');
      const never = due();
      await expect(
        harness.consumer().transact(async (_tx: Tx<'recurring'>, emit: Emit) => {
          emit(never);
          throw new Error('changed my mind');
        }),
      ).rejects.toThrow('changed my mind');
      const again = due();
      await harness.consumer().transact(async (_tx: Tx<'recurring'>, emit: Emit) => {
        emit(event);
        emit(again);
      });
      await waitFor(async () => handled.includes(again.id) || undefined, 'the next one');
      expect(handled.filter((id) => id === event.id)).toHaveLength(1);
      expect(handled).not.toContain(never.id);
    });

    it('buries an unsequenced event that is rejected, and has no effect twice when it is sent again', async () => {
      const event = due();
      trouble.set(event.id, () => reject('cannot'));
      await harness.consumer().transact(async (_tx: Tx<'recurring'>, emit: Emit) => emit(event));
      await waitFor(
        async () => (await harness.owner().deadLetters.list()).some((one) => one.event_id === event.id) || undefined,
        'the dead letter',
      );

      // Sent again, it has its effect when it can be handled, and the letter none any more.
      trouble.delete(event.id);
      await waitFor(async () => (await harness.consumer().counts()).outbox === 0 || undefined, 'an empty outbox');
      await harness.consumer().sendAgain(event.time);
      await waitFor(async () => handled.includes(event.id) || undefined, 'the effect');
      const letter = (await harness.owner().deadLetters.list()).find((one) => one.event_id === event.id);
      expect(await harness.owner().deadLetters.replay(letter?.id ?? '')).toBe('superseded');
      expect(handled.filter((id) => id === event.id)).toHaveLength(1);
    });

    const runOf = (workspace_id: string, subject = 'x'): Event => ({
      specversion: '1.0',
      id: randomUUID(),
      source: EVENT_SOURCE,
      type: 'com.todo.task.sync',
      subject,
      time: new Date().toISOString(),
      datacontenttype: 'application/json',
      dataschema: schemaAddress('task-sync'),
      data: { workspace_id, epoch: randomUUID(), acl_version: 1, from: 1, to: 1, events: [] },
    });

    it('fans out to every observer, and to nobody else', async () => {
      const before = observed.length;
      const run = runOf(randomUUID());
      await harness.adapter.publish('task-updates', [run]);
      await waitFor(async () => observed.some((event) => event.id === run.id) || undefined, 'the run');
      expect(observed.slice(before).filter((event) => event.id === run.id)).toHaveLength(1);
      expect(observedToo.filter((event) => event.id === run.id)).toHaveLength(1);
      expect(ofAnotherType).toEqual([]);
    });

    it('fans out many large runs that come at once', async () => {
      const space = randomUUID();
      const runs = upTo(40).map(() => runOf(space, 'x'.repeat(200_000)));
      await Promise.all(runs.map((run) => harness.adapter.publish('task-updates', [run])));
      const seen = () => runs.filter(({ id }) => observed.some((event) => event.id === id)).length;
      await waitFor(async () => seen() === runs.length || undefined, 'all of them');
    });

    it('asks and is answered; a failing answer fails the question', async () => {
      const space = randomUUID();
      log.append(space);
      expect((await harness.consumer().ask('heads', { workspace_ids: [space] })).heads[0]?.head).toBe(1);
      harness.owner().answer('session', async () => {
        throw new Error('no sessions here');
      });
      await expect(harness.consumer().ask('session', { sid: 'x' })).rejects.toThrow();
      harness.owner().answer('session', async () => {
        throw Object.assign(new Error('no database here'), { code: 'ECONNREFUSED' });
      });
      const error = await harness
        .consumer()
        .ask('session', { sid: 'x' })
        .catch((thrown: unknown) => thrown);
      expect(isInfrastructureError(error), 'that it cannot now is no failure of whoever asks').toBe(true);
    });

    it('keeps state: first write wins by etag, one of many creates, what has expired is gone', async () => {
      const { state } = harness.consumer();
      const key = randomUUID();
      expect(await state.get(key)).toBeUndefined();
      await state.set(key, { a: 1 });
      const read = await state.get<{ a: number }>(key);
      expect(read?.value).toEqual({ a: 1 });
      expect(await state.set(key, { a: 2 }, { etag: read?.etag ?? '' })).toBe(true);
      expect(await state.set(key, { a: 3 }, { etag: read?.etag ?? '' })).toBe(false);
      const once = randomUUID();
      const won = await Promise.all(Array.from({ length: 20 }, () => state.createIfAbsent(once, 1, 60)));
      expect(won.filter(Boolean)).toHaveLength(1);
      const brief = randomUUID();
      await state.createIfAbsent(brief, 1, 1);
      await waitFor(async () => ((await state.get(brief)) === undefined ? true : undefined), 'expiry');
      expect(await state.createIfAbsent(brief, 2, 60)).toBe(true);
      await state.delete(key);
      expect(await state.get(key)).toBeUndefined();
    });

    it('wakes at its time, never before, and a later call for the same name replaces it', async () => {
      const { wake } = harness.consumer();
      const name = `alarm ${randomUUID()}`;
      const woken: number[] = [];
      wake.onWake(name, async () => void woken.push(Date.now()));
      const at = Date.now() + 700;
      await wake.at(name, new Date(Date.now() + 60_000).toISOString());
      await wake.at(name, new Date(at).toISOString());
      await waitFor(async () => (woken.length > 0 ? true : undefined), 'the wake-up');
      expect(woken[0]).toBeGreaterThanOrEqual(at);
      await wake.at(name, new Date(Date.now() - 1_000).toISOString());
      await waitFor(async () => (woken.length === 2 ? true : undefined), 'the one that was over');
    });

    it('runs a timer again and again, never twice at a time', async () => {
      let [running, most, runs] = [0, 0, 0];
      harness.consumer().every(`tick ${randomUUID()}`, 10, async () => {
        most = Math.max(most, ++running);
        await new Promise((go) => setTimeout(go, 40));
        running--;
        runs++;
      });
      await waitFor(async () => (runs >= 3 ? true : undefined), 'three runs');
      expect(most).toBe(1);
    });
  });
}

function due(): OccurrenceDue {
  return {
    specversion: '1.0',
    id: randomUUID(),
    source: EVENT_SOURCE,
    type: 'com.todo.task.occurrence-due',
    subject: randomUUID(),
    time: new Date().toISOString(),
    datacontenttype: 'application/json',
    dataschema: schemaAddress('occurrence-due'),
    data: {
      task_id: randomUUID(),
      user_id: randomUUID(),
      workspace_id: randomUUID(),
      epoch: randomUUID(),
      idempotency_key: randomUUID(),
      cause_sequence: 1,
      meta: {
        actor: { kind: 'system', id: 'test' },
        via: 'test',
        correlation_id: randomUUID(),
        causation_id: null,
        acl_version: 1,
      },
      payload: { successor_id: randomUUID(), completion_id: randomUUID() },
    },
  };
}

async function waitFor<T>(look: () => Promise<T | undefined>, what: string, seconds = 60): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${what}`);
    await new Promise((go) => setTimeout(go, 20));
  }
}
