import type { ServerFrame } from '@taskmaster/contracts/sync/frames';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { Line, type LineParts } from './line.ts';
import { ModelSocket } from './testing/model-socket.ts';

const SPACE = '00000000-0000-7000-8000-000000000001';
const inAHurry = { quiet: 240, poll: 20, first: 10, longest: 40 };
const after = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const head = (at: number): ServerFrame => ({ t: 'head', id: SPACE, head: at });

let server: ModelSocket;
let line: Line | undefined;

beforeEach(async () => {
  vi.stubGlobal('WebSocket', WebSocket);
  server = await ModelSocket.start(() => ({ t: 'welcome', spaces: [] }));
});
afterEach(async () => {
  line?.close();
  await server.stop();
  vi.unstubAllGlobals();
});

/** A line at a real socket server, and what came of it. */
function laid(changes: Partial<LineParts> = {}, wait = inAHurry) {
  const seen = { tickets: 0, caughtUp: 0, failures: [] as unknown[], heard: [] as string[] };
  const one = new Line(
    {
      ticket: async () => ({ ticket: `ticket ${++seen.tickets}`, url: server.url }),
      hello: () => ({ t: 'hello', cursor: seen.caughtUp }),
      hear: (frame) => {
        seen.heard.push(frame.t);
        return frame.t === 'pull';
      },
      catchUp: async () => {
        seen.caughtUp++;
      },
      failed: (error) => {
        seen.failures.push(error);
        one.retry();
      },
      ...changes,
    },
    wait,
  );
  line = one;
  return { one, seen };
}

test('it catches up first, then says hello with a fresh ticket, and is live when it is welcomed', async () => {
  const { one, seen } = laid();
  expect(one.isLive).toBe(false);
  await one.open();
  await vi.waitFor(() => expect(one.isLive).toBe(true));
  expect(server.tickets).toEqual(['ticket 1']);
  expect(server.hellos).toEqual([{ t: 'hello', cursor: 1 }]);
  expect(seen.heard).toEqual(['welcome']);
});

test('what a frame shows to be missing is fetched; the socket stays', async () => {
  const { one, seen } = laid();
  await one.open();
  await vi.waitFor(() => expect(one.isLive).toBe(true));
  server.say(head(3));
  server.say({ t: 'pull', id: SPACE });
  await vi.waitFor(() => expect(seen.heard).toEqual(['welcome', 'head', 'pull']));
  expect(seen.caughtUp).toBe(2);
  expect(server.hellos).toHaveLength(1);
});

test('asked to open while it is open, it only catches up', async () => {
  const { one, seen } = laid();
  await one.open();
  await vi.waitFor(() => expect(one.isLive).toBe(true));
  one.wake();
  one.retry();
  await vi.waitFor(() => expect(seen.caughtUp).toBeGreaterThan(2));
  expect(seen.tickets).toBe(1);
  expect(server.open.size).toBe(1);
});

test('a socket that was cut is opened again with another ticket, and meanwhile the page asks', async () => {
  const { one, seen } = laid();
  await one.open();
  await vi.waitFor(() => expect(one.isLive).toBe(true));
  server.greets = false;
  server.cut();
  await vi.waitFor(() => expect(one.isLive).toBe(false));
  await vi.waitFor(() => expect(server.tickets.length).toBeGreaterThan(1));
  expect(server.tickets[1]).toBe('ticket 2');
  const before = seen.caughtUp;
  await vi.waitFor(() => expect(seen.caughtUp).toBeGreaterThan(before + 2));
  server.greets = true;
  server.cut();
  await vi.waitFor(() => expect(one.isLive).toBe(true));
  const live = seen.caughtUp;
  await after(80);
  expect(seen.caughtUp).toBe(live);
});

test('a socket on which nothing is heard any more is given up', async () => {
  const { one } = laid({}, { ...inAHurry, quiet: 900 });
  await one.open();
  await vi.waitFor(() => expect(one.isLive).toBe(true));
  const talking = setInterval(() => server.say(head(1)), 40);
  await after(1_500);
  expect(server.tickets).toHaveLength(1);
  clearInterval(talking);
  await vi.waitFor(() => expect(server.tickets).toHaveLength(2), { timeout: 5_000 });
  await vi.waitFor(() => expect(one.isLive).toBe(true));
});

test('a failure is tried again, later each time, until it works', async () => {
  let isAway = true;
  const at: number[] = [];
  const { one, seen } = laid({
    catchUp: async () => {
      at.push(Date.now());
      if (isAway) throw new Error('away');
    },
  });
  await one.open();
  await vi.waitFor(() => expect(seen.failures.length).toBeGreaterThan(4));
  expect(server.tickets).toEqual([]);
  isAway = false;
  await vi.waitFor(() => expect(one.isLive).toBe(true));
  const tries = at.length;
  await after(100);
  expect(at.length).toBe(tries);
});

test('a longer wait that the server asks for is kept', async () => {
  const at: number[] = [];
  const { one } = laid({
    catchUp: async () => {
      at.push(Date.now());
      if (at.length === 1) throw new Error('busy');
    },
    failed: () => one.retry(0.2),
  });
  await one.open();
  await vi.waitFor(() => expect(one.isLive).toBe(true));
  expect((at[1] ?? 0) - (at[0] ?? 0)).toBeGreaterThanOrEqual(195);
});

test('a session that is about to end gets a new ticket in a moment, when a device that is left has gone', async () => {
  const { one } = laid();
  await one.open();
  await vi.waitFor(() => expect(one.isLive).toBe(true));
  server.say({ t: 'auth_expiring' });
  await vi.waitFor(() => expect(server.tickets).toEqual(['ticket 1', 'ticket 2']), { timeout: 4_000 });
  await vi.waitFor(() => expect(one.isLive).toBe(true));
  expect(server.open.size).toBe(1);
});

test('asked while an attempt is under way, it makes another one: the reason may be gone', async () => {
  let refuse: (error: Error) => void = () => {};
  const { one, seen } = laid({
    catchUp: () =>
      seen.failures.length > 0
        ? Promise.resolve()
        : new Promise((_, reject) => {
            refuse = reject;
          }),
    failed: (error) => seen.failures.push(error),
  });
  void one.open();
  one.wake();
  refuse(new Error('signed out'));
  await vi.waitFor(() => expect(one.isLive).toBe(true));
});

test('closed, it is closed for good', async () => {
  const { one, seen } = laid();
  await one.open();
  await vi.waitFor(() => expect(one.isLive).toBe(true));
  one.close();
  one.wake();
  one.retry();
  await after(80);
  expect(seen.tickets).toBe(1);
  expect(one.isLive).toBe(false);
  await vi.waitFor(() => expect(server.open.size).toBe(0));
});
