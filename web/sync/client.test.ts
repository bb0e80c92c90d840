import type { Op } from '@taskmaster/domain/commands/world';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { type Cache, memoryCache } from './cache.ts';
import { SyncClient } from './client.ts';
import type { PendingOp } from './device.ts';
import { memoryOutbox, type Outbox } from './outbox.ts';
import { ModelServer, place } from './testing/model-server.ts';
import { ModelSocket } from './testing/model-socket.ts';
import { ServerRefusal } from './transport.ts';

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
let socket: ModelSocket | undefined;

beforeEach(() => {
  vi.stubGlobal('window', new EventTarget());
  vi.stubGlobal('document', new EventTarget());
  vi.stubGlobal('navigator', {});
  vi.stubGlobal('BroadcastChannel', undefined);
  vi.stubGlobal('WebSocket', WebSocket);
});
afterEach(async () => {
  client?.stop();
  await socket?.stop();
  socket = undefined;
  vi.unstubAllGlobals();
});

/** A disk that is full after so many writes: it takes nothing more in, and lets go of what it has. */
function diskOf(writes: number, had: Parameters<typeof memoryOutbox>[2] = []) {
  const kept = memoryOutbox(CLIENT, had.length + 1, had);
  let left = writes;
  const unlessFull = () => {
    if (left-- <= 0) throw new DOMException('The disk is full.', 'QuotaExceededError');
  };
  const disk: Outbox = {
    ...kept,
    append: async (drafts) => {
      unlessFull();
      return kept.append(drafts);
    },
    block: async (ops) => {
      unlessFull();
      await kept.block(ops);
    },
    renumber: async (ops, expect) => {
      unlessFull();
      return kept.renumber(ops, expect);
    },
  };
  const onDisk = async () => {
    const { pending, blocked } = await kept.read();
    return { pending: pending.map((one) => one.op), blocked: blocked.map((one) => one.op) };
  };
  return { disk, onDisk, makeRoom: () => (left = 99) };
}

/** A client at a server that checks numbers. Without a socket there is no retry by way of one. */
async function started(outbox: Outbox, { server = new ModelServer(), cache = memoryCache(), withSocket = false } = {}) {
  const sent: string[][] = [];
  const line = { free: Promise.resolve(), isBroken: false, refusal: undefined as ServerRefusal | undefined };
  const pulls = { count: 0 };
  if (withSocket)
    socket = await ModelSocket.start(() => ({
      t: 'welcome',
      spaces: [{ id: place.workspace_id, head: server.head, epoch: server.epoch }],
    }));
  const one = new SyncClient({
    user_id: place.user_id,
    workspace_id: place.workspace_id,
    outbox,
    cache,
    changed: () => undefined,
    transport: {
      snapshot: async ({ client_id }) => server.snapshot(client_id),
      changes: async ({ seq, op, epoch }, { client_id }) => {
        pulls.count++;
        if (line.refusal) throw line.refusal;
        const answer = server.changes(seq, op, epoch, client_id, 1000);
        if (!answer) throw new Error('The cursor is of another history.');
        return answer;
      },
      push: async (client_id, ops) => {
        sent.push(ops.map((op) => `${op.op} as ${op.n}`));
        await line.free;
        await after(1);
        if (line.refusal) throw line.refusal;
        if (line.isBroken) throw new ServerRefusal(503, 'unavailable', undefined);
        return server.push(client_id, structuredClone(ops));
      },
      ticket: async () => (socket ? { ticket: 'once', url: socket.url } : await new Promise<never>(() => undefined)),
    },
  });
  client = one;
  await one.start();
  await vi.waitFor(() => expect(one.device.cursor).not.toBeNull());
  if (socket) await vi.waitFor(() => expect(one.status.connection).toBe('live'));
  const taken = (number: number) => server.fateOf(`op-${number}`)?.fate === 'logged';
  return { one, server, sent, line, taken, pulls };
}

test('an edit made when storage is full is sent, though the edits before it are sent and forgotten', async () => {
  const { one, sent, taken } = await started(diskOf(2).disk);
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
  const { one, server, sent, line, taken } = await started(diskOf(2).disk);
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
  const { one, sent, taken } = await started(diskOf(9).disk);
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

test('what the server has taken leaves a full disk too', async () => {
  const { disk, onDisk } = diskOf(2);
  const { one, line, taken } = await started(disk);
  let release = () => {};
  line.free = new Promise((resolve) => {
    release = () => resolve();
  });
  for (const number of [1, 2, 3]) await one.edit([edit(number)]);
  expect((await onDisk()).pending).toEqual(['op-1', 'op-2']);
  release();
  await vi.waitFor(() => expect(taken(3)).toBe(true));
  await vi.waitFor(() => expect(one.device.pending).toEqual([]));
  expect((await onDisk()).pending).toEqual([]);
});

test('a refused edit that a full disk cannot write down stays to be sent again, and is gone when put away', async () => {
  const { disk, onDisk } = diskOf(1);
  const { one } = await started(disk);
  await one.edit([{ ...edit(1), kind: 'complete', patch: {} }]);
  await vi.waitFor(() => expect(one.device.blocked).toHaveLength(1));
  expect(await onDisk()).toEqual({ pending: ['op-1'], blocked: [] });
  expect(one.status.connection).toBe('polling');
  await one.dismiss('op-1');
  expect(await onDisk()).toEqual({ pending: [], blocked: [] });
});

test('an edit refused before, and put away when the disk is full, does not come back', async () => {
  const { disk, onDisk } = diskOf(2);
  const { one } = await started(disk);
  await one.edit([{ ...edit(1), kind: 'complete', patch: {} }]);
  await vi.waitFor(async () => expect((await onDisk()).blocked).toEqual(['op-1']));
  await one.edit([edit(2)]);
  expect(one.status.stored).toBe(false);
  await one.dismiss('op-1');
  expect(await onDisk()).toEqual({ pending: [], blocked: [] });
});

test('signing out leaves nothing on a disk that was full', async () => {
  const { disk, onDisk } = diskOf(1);
  let isKept = true;
  const cache: Cache = {
    read: async () => undefined,
    write: async () => {
      throw new DOMException('The disk is full.', 'QuotaExceededError');
    },
    destroy: async () => {
      isKept = false;
    },
  };
  const { one, line } = await started(disk, { cache });
  line.free = new Promise(() => undefined);
  await one.edit([edit(1)]);
  await one.edit([edit(2)]);
  expect((await onDisk()).pending).toEqual(['op-1']);
  await one.destroy();
  expect((await onDisk()).pending).toEqual([]);
  expect(isKept).toBe(false);
});

test('edits whose new numbers a full disk cannot keep are sent with them all the same', async () => {
  const { disk } = diskOf(0, [pendingOp(1, 7), pendingOp(2, 8)]);
  const { one, sent, taken } = await started(disk);
  await vi.waitFor(() => expect(taken(2)).toBe(true));
  await vi.waitFor(() => expect(one.device.pending).toEqual([]));
  expect(sent).toEqual([
    ['op-1 as 7', 'op-2 as 8'],
    ['op-1 as 1', 'op-2 as 2'],
  ]);
});

test('a disk with room again is used again', async () => {
  const { disk, onDisk, makeRoom } = diskOf(0);
  const { one, line, taken } = await started(disk);
  await one.edit([edit(1)]);
  expect(one.status.stored).toBe(false);
  await vi.waitFor(() => expect(one.device.pending).toEqual([]));
  makeRoom();
  line.free = new Promise(() => undefined);
  await one.edit([edit(2)]);
  expect(one.status.stored).toBe(true);
  expect((await onDisk()).pending).toEqual(['op-2']);
  expect(taken(1)).toBe(true);
});

test('an edit that the server took under another name of this device is not sent again and again', async () => {
  const server = new ModelServer();
  server.push('client-before', [{ ...edit(1), n: 1 } as never]);
  const { one, sent } = await started(memoryOutbox(CLIENT, 2, [pendingOp(1)]), { server });
  await vi.waitFor(() => expect(one.device.pending).toEqual([]));
  await after(30);
  expect(sent).toEqual([['op-1 as 1']]);
});

test('an answer that says nothing of what was sent is not asked for at full speed', async () => {
  const server = new ModelServer();
  server.push = () => ({ results: [], head: server.head });
  const { one, sent } = await started(memoryOutbox(CLIENT, 1, []), { server });
  await one.edit([edit(1)]);
  await after(60);
  expect(sent.length).toBeLessThan(5);
  expect(one.device.unsent()).toHaveLength(1);
});

test('a push that fails is tried again over a socket that stays', async () => {
  const { one, line, taken, sent } = await started(memoryOutbox(CLIENT, 1, []), { withSocket: true });
  line.isBroken = true;
  await one.edit([edit(1)]);
  await vi.waitFor(() => expect(sent.length).toBeGreaterThan(1));
  line.isBroken = false;
  await vi.waitFor(() => expect(taken(1)).toBe(true), { timeout: 5_000 });
  expect(socket?.hellos).toHaveLength(1);
  expect(one.status.connection).toBe('live');
});

test('what a frame shows to be missing is fetched, once', async () => {
  const { one, server, pulls } = await started(memoryOutbox(CLIENT, 1, []), { withSocket: true });
  await vi.waitFor(() => expect(pulls.count).toBeGreaterThan(0));
  const frame = () => {
    const last = server.log.at(-1);
    if (!last) throw new Error('There is no change yet.');
    return { t: 'ev' as const, id: place.workspace_id, from: last.seq, to: last.seq, events: [last] };
  };
  server.push('client-b', [{ ...edit(1), n: 1 } as never]);
  const before = pulls.count;
  socket?.say(frame());
  await vi.waitFor(() => expect(one.device.cursor?.seq).toBe(1));
  expect(pulls.count).toBe(before);
  for (const number of [2, 3]) server.push('client-b', [{ ...edit(number), n: number } as never]);
  socket?.say(frame());
  await vi.waitFor(() => expect(one.device.cursor?.seq).toBe(3));
  expect(pulls.count).toBe(before + 1);
  server.push('client-b', [{ ...edit(4), n: 4 } as never]);
  socket?.say({ t: 'head', id: place.workspace_id, head: server.head });
  await vi.waitFor(() => expect(one.device.cursor?.seq).toBe(4));
});

test('what was never sent is spared where somebody else takes the device over', async () => {
  const { disk, onDisk } = diskOf(9);
  const { one, line } = await started(disk);
  line.free = new Promise(() => undefined);
  await one.edit([edit(1)]);
  await one.destroy(true);
  expect((await onDisk()).pending).toEqual(['op-1']);
  await one.destroy();
  expect((await onDisk()).pending).toEqual([]);
});

test('at an account that is closed edits are kept, and sent once it is taken back', async () => {
  const { one, line, taken } = await started(memoryOutbox(CLIENT, 1, []), { withSocket: true });
  line.refusal = new ServerRefusal(403, 'account_closed', 'It will be erased on 24 March 2026.');
  await one.edit([edit(1)]);
  await vi.waitFor(() => expect(one.status.connection).toBe('closed'));
  expect(one.status.closed).toBe('It will be erased on 24 March 2026.');
  expect(one.device.pending.map((each) => each.op)).toEqual(['op-1']);
  line.refusal = undefined;
  one.resume();
  await vi.waitFor(() => expect(taken(1)).toBe(true));
  await vi.waitFor(() => expect(one.status).toMatchObject({ connection: 'live', closed: null, since: null }));
});
