import type { SyncChange } from '@taskmaster/contracts/sync/changes';
import { expect, test } from 'vitest';
import { Device, wireOp } from './device.ts';
import { ModelServer, place } from './testing/model-server.ts';
import { View } from './view.ts';

const AT = '2026-03-10T08:00:00.000Z';
const TASK = '00000000-0000-4000-8000-000000000001';
const made = {
  op: 'op-1',
  n: 1,
  kind: 'create' as const,
  entity: 'task' as const,
  id: TASK,
  patch: {
    title: 'Water',
    due: { due_date: '2026-03-10', due_time: null, due_zone: null },
    recurrence: { rule: 'FREQ=DAILY' },
  },
};
const done = {
  op: 'op-2',
  n: 2,
  kind: 'complete' as const,
  entity: 'task' as const,
  id: TASK,
  patch: { completed_local: '2026-03-10T08:00' },
};
const viewOf = (device: Device) =>
  new View({ ...place, rows: device.rows, awaited: device.awaited, outside: device.outside(), now: AT });
const open = (device: Device) =>
  viewOf(device)
    .all('task')
    .filter((task) => task.status === 'pending')
    .map((task) => task.due_date);
const batch = (events: SyncChange[]) => ({ from: (events[0]?.seq ?? 1) - 1, to: events.at(-1)?.seq ?? 0, events });

function started() {
  const server = new ModelServer();
  const device = new Device(place.workspace_id);
  device.restart(server.snapshot('me'));
  return { server, device };
}

test('a repeating task completed here shows its successor at once, and after the echo, and once the server has made it', () => {
  const { server, device } = started();
  device.add([
    { ...made, at: AT },
    { ...done, at: AT },
  ]);
  expect(open(device)).toEqual(['2026-03-11']);
  server.push('me', [made, done]);
  device.receive(batch(server.log));
  expect(device.outside()).toEqual([]);
  expect(open(device)).toEqual(['2026-03-11']);
  const before = server.head;
  server.bringAbout();
  device.receive(batch(server.log.slice(before)));
  expect(open(device)).toEqual(['2026-03-11']);
  expect(device.awaited.size).toBe(0);
});
test('the successor can be edited and completed before the server has made it', () => {
  const { device } = started();
  device.add([
    { ...made, at: AT },
    { ...done, at: AT },
  ]);
  const next =
    viewOf(device)
      .all('task')
      .find((task) => task.status === 'pending')?.id ?? '';
  device.add([{ ...done, op: 'op-3', n: 3, id: next, at: AT, patch: { completed_local: '2026-03-11T08:00' } }]);
  expect(open(device)).toEqual(['2026-03-12']);
});
test('an op whose echo is in is not laid over again, and leaves only then', () => {
  const { server, device } = started();
  device.add([{ ...made, at: AT }]);
  const answer = server.push('me', [made]);
  device.verdicts(answer.results, answer.head);
  expect(device.unsent()).toEqual([]);
  expect(device.settled()).toEqual([]);
  device.receive(batch(server.log));
  expect(device.settled().map((one) => one.op)).toEqual(['op-1']);
});
test('a refused op is kept for its author and stops nothing behind it', () => {
  const { server, device } = started();
  device.add([
    { ...done, n: 1, at: AT },
    { ...made, n: 2, at: AT },
  ]);
  const answer = server.push('me', device.unsent().map(wireOp));
  device.verdicts(answer.results, answer.head);
  expect(device.blocked.map((one) => [one.op, one.code])).toEqual([['op-2', 'not_found']]);
  device.receive(batch(server.log));
  expect(open(device)).toEqual(['2026-03-10']);
});
test('what comes after a gap waits, and is applied when the gap is filled', () => {
  const { server, device } = started();
  server.push('other', [made]);
  const first = server.head;
  server.push('other', [{ ...done, n: 2 }]);
  expect(device.receive(batch(server.log.slice(first)))).toBe('gap');
  expect(device.cursor?.seq).toBe(0);
  device.receive(batch(server.log.slice(0, first)));
  expect(device.cursor?.seq).toBe(server.head);
});

test('an op that the server has seen before gets the same answer again, and is not sent once more', () => {
  const { server, device } = started();
  device.add([
    { ...done, n: 1, at: AT },
    { ...made, n: 2, at: AT },
  ]);
  server.push('me', device.unsent().map(wireOp));
  const again = server.push('me', device.unsent().map(wireOp));
  expect(again.results.map((one) => one.status)).toEqual(['rejected', 'dup']);
  device.verdicts(again.results, again.head);
  expect(device.blocked.map((one) => [one.op, one.code])).toEqual([['op-2', 'not_found']]);
  expect(device.unsent()).toEqual([]);
  expect(device.settled()).toEqual([]);
  device.receive(batch(server.log));
  expect(device.settled().map((one) => one.op)).toEqual(['op-1']);
});

test('another tab’s edit goes out by its number, also while one of this tab is still being written down', () => {
  const { device } = started();
  device.add([{ ...done, n: 2, at: AT }]);
  device.add([{ ...done, op: 'op-3', n: 0, at: AT }]);
  device.add([{ ...made, n: 1, at: AT }]);
  expect(device.unsent().map((one) => one.op)).toEqual(['op-1', 'op-2']);
  expect(device.outside().map((one) => one.op)).toEqual(['op-1', 'op-2', 'op-3']);
});
