import type { Op } from '@taskmaster/domain/commands/world';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { memoryCache } from './cache.ts';
import { SyncClient } from './client.ts';
import type { PendingOp } from './device.ts';
import { memoryOutbox, type Outbox } from './outbox.ts';
import { ModelServer, place } from './testing/model-server.ts';

const CLIENT = 'client-a';
const edit = (number: number): Op => ({
  op: `op-${number}`,
  kind: 'create',
  entity: 'task',
  id: `00000000-0000-4000-8000-00000000000${number}`,
  patch: { title: `made ${number}` },
});
const pendingOp = (number: number, n = number): PendingOp => ({ ...edit(number), n, at: '2026-03-10T08:00:00.000Z' });
const after = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

let client: SyncClient | undefined;

beforeEach(() => {
  vi.stubGlobal('window', new EventTarget());
  vi.stubGlobal('document', new EventTarget());
  vi.stubGlobal('navigator', {});
  vi.stubGlobal('BroadcastChannel', undefined);
});
afterEach(() => {
  client?.stop();
  vi.unstubAllGlobals();
});

/** A disk that is full after so many writes. */
function diskOf(writes: number): Outbox {
  const disk = memoryOutbox(CLIENT, 1, []);
  let left = writes;
  return {
    ...disk,
    append: async (drafts) => {
      if (left-- <= 0) throw new DOMException('The disk is full.', 'QuotaExceededError');
      return disk.append(drafts);
    },
  };
}

/** A client at a server that checks numbers. There is no socket, and so no retry by way of one. */
async function started(outbox: Outbox) {
  const server = new ModelServer();
  const sent: string[][] = [];
  const line = { free: Promise.resolve() };
  const one = new SyncClient({
    user_id: place.user_id,
    workspace_id: place.workspace_id,
    outbox,
    cache: memoryCache(),
    changed: () => undefined,
    transport: {
      snapshot: async ({ client_id }) => server.snapshot(client_id),
      changes: async ({ seq, op, epoch }, { client_id }) => {
        const answer = server.changes(seq, op, epoch, client_id, 1000);
        if (!answer) throw new Error('The cursor is of another history.');
        return answer;
      },
      push: async (client_id, ops) => {
        sent.push(ops.map((op) => `${op.op} as ${op.n}`));
        await line.free;
        await after(1);
        return server.push(client_id, structuredClone(ops));
      },
      ticket: () => new Promise(() => undefined),
    },
  });
  client = one;
  await one.start();
  await vi.waitFor(() => expect(one.device.cursor).not.toBeNull());
  const taken = (number: number) => server.fateOf(`op-${number}`)?.fate === 'logged';
  return { one, server, sent, line, taken };
}

test('an edit made when storage is full is sent, though the edits before it are sent and forgotten', async () => {
  const { one, sent, taken } = await started(diskOf(2));
  for (const number of [1, 2]) {
    await one.edit([edit(number)]);
    await vi.waitFor(() => expect(one.device.pending).toEqual([]));
  }
  await one.edit([edit(3)]);
  expect(one.status.stored).toBe(false);
  await vi.waitFor(() => expect(taken(3)).toBe(true));
  await vi.waitFor(() => expect(one.device.pending).toEqual([]));
  expect(sent.length).toBeLessThan(10);
});

test('an edit made when storage is full goes behind those on the disk', async () => {
  const { one, server, sent, line, taken } = await started(diskOf(2));
  let release = () => {};
  line.free = new Promise((resolve) => {
    release = () => resolve();
  });
  for (const number of [1, 2, 3]) await one.edit([edit(number)]);
  release();
  await vi.waitFor(() => expect(taken(3)).toBe(true));
  expect(sent).toEqual([['op-1 as 1'], ['op-2 as 2', 'op-3 as 3']]);
  expect(server.log.map((change) => change.op)).toEqual(['op-1', 'op-2', 'op-3']);
});

test('an edit that cannot be given its number is not sent at full speed', async () => {
  const disk = memoryOutbox(CLIENT, 7, []);
  const { one, sent } = await started({ ...disk, renumber: async () => [] });
  await one.edit([edit(1)]);
  await after(60);
  expect(sent).toEqual([['op-1 as 7']]);
  expect(one.status.sending).toBe(false);
  expect(one.device.unsent()).toHaveLength(1);
});

test('an edit made while a push is ending is sent', async () => {
  let isEnding = false;
  const request = async (_name: string, work: () => Promise<unknown>) => {
    const result = await work();
    isEnding = true;
    await after(30);
    isEnding = false;
    return result;
  };
  vi.stubGlobal('navigator', { locks: { request } });
  const { one, sent, taken } = await started(diskOf(9));
  await one.edit([edit(1)]);
  await vi.waitFor(() => expect(isEnding).toBe(true), { interval: 2 });
  await one.edit([edit(2)]);
  expect(isEnding).toBe(true);
  await vi.waitFor(() => expect(taken(2)).toBe(true));
  expect(sent).toEqual([['op-1 as 1'], ['op-2 as 2']]);
});

test('new numbers go to everything from the first edit on, and the next edit gets one of its own', async () => {
  const outbox = memoryOutbox(CLIENT, 9, [pendingOp(1, 4), pendingOp(2, 6), pendingOp(3, 7), pendingOp(4, 8)]);
  const moved = await outbox.renumber(['op-2', 'op-3'], 5);
  expect(moved.map((one) => [one.op, one.n])).toEqual([
    ['op-2', 5],
    ['op-3', 6],
    ['op-4', 7],
  ]);
  expect((await outbox.append([pendingOp(5)])).map((one) => one.n)).toEqual([8]);
  await outbox.renumber(['op-5'], 2);
  expect((await outbox.append([pendingOp(6)])).map((one) => one.n)).toEqual([8]);
});
