import type { Op } from '@taskmaster/domain/commands/world';
import { same } from '@taskmaster/domain/registers';
import type { Task } from '@taskmaster/domain/task';
import { expect, test } from 'vitest';
import { RowStore } from './rows.ts';
import { ModelDevice } from './testing/model-device.ts';
import { ModelServer, place, replay } from './testing/model-server.ts';
import { View } from './view.ts';

const RUNS = Number(process.env.SYNC_RUNS ?? 120);
const STEPS = 70;
const NOW = '2026-03-10T08:00:00.000Z';

/** mulberry32. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const plain = (task: Task) => ({
  title: task.title,
  status: task.status,
  priority: task.priority,
  due_date: task.due_date,
  slot: task.slot,
  tags: task.tags,
  parent_id: task.parent_id,
});
function shown(view: View): Record<string, unknown> {
  return Object.fromEntries(
    view
      .all('task')
      .map((task) => [task.id, plain(task)])
      .sort(),
  );
}

/** What a device must show: the log up to its cursor, replayed, and laid over it whichever of its edits are not in there. */
function oracle(one: ModelDevice, server: ModelServer): Record<string, unknown> | null {
  const { cursor } = one.device;
  if (!cursor || cursor.epoch !== server.epoch) return null;
  const log = server.log.slice(0, cursor.seq);
  const inside = new Set(log.map((change) => change.op));
  // That an op was taken without effect is known only by an answer, which may be lost.
  const isKnownNoOp = (op: string) => {
    const done = server.fateOf(op);
    return done?.fate === 'no-op' && done.seq <= cursor.seq && one.device.included.has(op);
  };
  const outside = one.device.pending.filter((op) => !inside.has(op.op) && !isKnownNoOp(op.op));
  // What a snapshot left out a device that began with it cannot show before the server brings it back.
  const rows = new RowStore();
  for (const { entity, row } of replay(log).entries())
    if (server.keeps(row as Task) || one.device.rows.get(entity, row.id)) rows.set(entity, row as never);
  return shown(new View({ ...place, rows, awaited: one.device.awaited, outside, now: NOW }));
}
const viewOf = (one: ModelDevice) =>
  shown(
    new View({ ...place, rows: one.device.rows, awaited: one.device.awaited, outside: one.device.outside(), now: NOW }),
  );

const differing = (is: Record<string, unknown>, must: Record<string, unknown>): string =>
  [...new Set([...Object.keys(is), ...Object.keys(must)])]
    .filter((key) => !same(is[key], must[key]))
    .map((key) => `${key} is ${JSON.stringify(is[key])}, must be ${JSON.stringify(must[key])}`)
    .join('; ');

function run(seed: number): void {
  const random = randomOf(seed);
  const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(random() * list.length)];
  const server = new ModelServer();
  const devices = [new ModelDevice('client-a', server), new ModelDevice('client-b', server)];
  let ids = 0;
  let restored = false;
  const id = (kind: string) => `${kind}-${seed}-${ids++}`;
  const fail = (why: string): never => {
    throw new Error(`seed ${seed}: ${why}`);
  };

  function someEdit(one: ModelDevice): Op {
    const tasks = new View({
      ...place,
      rows: one.device.rows,
      awaited: one.device.awaited,
      outside: one.device.outside(),
      now: NOW,
    }).all('task');
    const task = pick(tasks);
    const op = (kind: Op['kind'], entityId: string, patch: Op['patch']): Op => ({
      op: id('op'),
      kind,
      entity: 'task',
      id: entityId,
      patch,
    });
    const dice = random();
    if (!task || dice < 0.3) {
      const repeats =
        random() < 0.4
          ? { due: { due_date: '2026-03-10', due_time: null, due_zone: null }, recurrence: { rule: 'FREQ=DAILY' } }
          : {};
      const parent_id = task && !task.recurrence && random() < 0.2 ? task.id : null;
      return op(
        'create',
        `00000000-0000-4000-8000-${String(seed % 1e6).padStart(6, '0')}${String(ids++).padStart(6, '0')}`,
        { title: `made ${ids}`, place: { project_id: null, section_id: null, parent_id, position: '' }, ...repeats },
      );
    }
    if (dice < 0.45) return op('update', task.id, { title: `named ${ids}` });
    if (dice < 0.55) return op('update', task.id, { priority: pick(['high', 'low', null]) });
    if (dice < 0.62) return op('update', task.id, { tags: { add: [pick(['bank', 'paper']) ?? 'bank'], remove: [] } });
    if (dice < 0.85)
      return op(
        task.status === 'pending' ? 'complete' : 'reopen',
        task.id,
        task.status === 'pending' ? { completed_local: '2026-03-10T08:00' } : {},
      );
    if (dice < 0.95) return op('delete', task.id, {});
    return op('restore', task.id, {});
  }

  function settle(): void {
    for (let round = 0; round < 12; round++) {
      server.bringAbout();
      for (const one of devices) {
        one.pull(1000);
        for (let tries = 0, answer = one.sent(100); answer; answer = one.sent(100), tries++) {
          if (tries > 20) fail('an edit is sent again and again');
          one.answered(answer);
          one.pull(1000);
        }
        one.saveCache();
        one.clearOutbox();
      }
    }
  }

  for (let step = 0; step < STEPS; step++) {
    const one = pick(devices) as ModelDevice;
    const before = one.device.cursor;
    const dice = random();
    if (dice < 0.28) one.edit(someEdit(one), new Date(Date.parse(NOW) + step * 1000).toISOString());
    else if (dice < 0.42) {
      const answer = one.sent(1 + Math.floor(random() * 4));
      if (answer && random() < 0.7) one.answered(answer);
    } else if (dice < 0.56) one.pull(1 + Math.floor(random() * 5));
    else if (dice < 0.72) {
      // A frame of whole sets from anywhere in the log: late, twice, or with a gap before it.
      const starts = server.log.filter((change) => change.set_index === 0);
      const first = pick(starts);
      const last = first && starts[Math.min(starts.indexOf(first) + Math.floor(random() * 3), starts.length - 1)];
      if (first && last) one.hear(server.log.slice(first.seq - 1, last.seq - 1 + last.set_size), server.epoch);
    } else if (dice < 0.8) one.saveCache();
    else if (dice < 0.86) one.clearOutbox();
    else if (dice < 0.92) one.crash();
    else if (dice < 0.97) server.bringAbout();
    else if (dice < 0.98 && server.head > 5) {
      server.restoreBackup(server.head - 1 - Math.floor(random() * 3));
      restored = true;
    }
    const wanted = oracle(one, server);
    if (wanted && !same(viewOf(one), wanted))
      fail(`the view of ${one.client_id} is not what it must be at step ${step}: ${differing(viewOf(one), wanted)}`);
    const after = one.device.cursor;
    if (dice < 0.8 && before && after && before.epoch === after.epoch && after.seq < before.seq)
      fail('the cursor went back');
  }

  settle();
  const [a, b] = devices as [ModelDevice, ModelDevice];
  for (const one of [a, b]) {
    const rows = new RowStore();
    for (const { entity, row } of server.rows.entries())
      if (server.keeps(row as Task) || one.device.rows.get(entity, row.id)) rows.set(entity, row as never);
    const truth = shown(new View({ ...place, rows, awaited: new Set(), outside: [], now: NOW }));
    if (!same(viewOf(one), truth))
      fail(`${one.client_id} did not come to agree with the server: ${differing(viewOf(one), truth)}`);
  }
  for (const one of devices) {
    if (one.device.pending.length > 0) fail('an edit stayed pending for ever');
    if (restored) continue;
    for (const op of one.confirmed) {
      const sets = new Set(server.log.filter((change) => change.op === op.op).map((change) => change.set_id));
      const fate = server.fateOf(op.op)?.fate;
      if (sets.size > 1 || fate === undefined) fail(`the edit ${op.op} is in the log ${sets.size} times`);
      if ((fate === 'rejected') !== one.isBlocked(op.op))
        fail(`the edit ${op.op} is ${fate}, and its author is told something else`);
    }
  }
}

test(`${RUNS} runs of reordered, repeated, lost and interrupted steps keep every rule`, { timeout: 900_000 }, () => {
  for (let seed = 1; seed <= RUNS; seed++) run(seed);
  expect(RUNS).toBeGreaterThan(0);
});
