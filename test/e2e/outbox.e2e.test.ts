import path from 'node:path';
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { openCache } from '../../web/sync/cache.ts';
import type { memoryOutbox, openOutbox } from '../../web/sync/outbox.ts';
import type { overflowing } from '../../web/sync/overflow.ts';
import { launchBrowser } from '../support/browser.ts';

/** Not https: what the core needs is there on the plain address of a home network too. */
const ORIGIN = 'http://outbox.example';
/** Bytes that the browser lends: enough for many edits, too little for notes of megabytes. */
const ROOM = 1_000_000;
type Parts = {
  openOutbox: typeof openOutbox;
  memoryOutbox: typeof memoryOutbox;
  overflowing: typeof overflowing;
  openCache: typeof openCache;
};
declare const parts: Parts;

let browser: Browser;
let script: string;
let page: Page;

beforeAll(async () => {
  const sync = path.resolve(import.meta.dirname, '../../web/sync');
  const [bundle] = await Promise.all([
    build({
      stdin: {
        contents: `export * from './outbox.ts'; export * from './overflow.ts'; export * from './cache.ts';`,
        resolveDir: sync,
        loader: 'ts',
      },
      bundle: true,
      write: false,
      format: 'iife',
      globalName: 'parts',
    }),
    launchBrowser().then((one) => {
      browser = one;
    }),
  ]);
  script = bundle.outputFiles[0]?.text ?? '';
});
afterAll(() => browser?.close());

/** A page of an own browser context: its IndexedDB is empty. */
beforeEach(async () => {
  await page?.context().close();
  const context = await browser.newContext();
  await context.route(`${ORIGIN}/**`, (route) => route.fulfill({ contentType: 'text/html', body: '<title>-</title>' }));
  page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send('Storage.overrideQuotaForOrigin', { origin: ORIGIN, quotaSize: ROOM });
  await opened();
});
const opened = async () => {
  await page.goto(ORIGIN);
  await page.evaluate(script);
};

test('the outbox on a disk does what the one in memory does, new numbers included', async () => {
  const run = (kind: 'disk' | 'memory') =>
    page.evaluate(async (where) => {
      const box =
        where === 'disk'
          ? parts.openOutbox('ann')
          : parts.memoryOutbox((await parts.openOutbox('ann').read()).client_id, 1, []);
      const draft = (op: string, title = op) => ({
        op,
        kind: 'update' as const,
        entity: 'task' as const,
        id: `of ${op}`,
        patch: { title },
        at: '2026-03-10T08:00:00.000Z',
        base_seq: 4,
      });
      const said: unknown[] = [];
      const look = async () => said.push(await box.read());
      said.push(await box.append([draft('a'), draft('b')]));
      said.push(await box.append([draft('c')]));
      await box.remove(['a']);
      await look();
      said.push(await box.renumber(['c'], 2));
      said.push(await box.append([draft('d')]));
      await look();
      said.push(await box.renumber(['b', 'c', 'd'], 7));
      said.push(await box.append([draft('e')]));
      said.push(await box.renumber(['nobody'], 3));
      said.push(await box.append([draft('f')]));
      const { pending } = await box.read();
      await box.block(pending.filter((one) => one.op === 'd').map((one) => ({ ...one, code: 'deleted' })));
      await look();
      await box.dismiss('d');
      await look();
      await box.remove(['b', 'c', 'e', 'f']);
      said.push(await box.append([draft('g')]));
      await look();
      return said;
    }, kind);
  const onDisk = await run('disk');
  expect(onDisk).toEqual(await run('memory'));
  expect(onDisk.at(3)).toEqual([expect.objectContaining({ op: 'c', n: 2 })]);
});

test('what is written stays, with its numbers and its client, for the next page and until it is destroyed', async () => {
  const write = () =>
    page.evaluate(async () => {
      const box = parts.openOutbox('ann');
      const draft = { kind: 'update' as const, entity: 'task' as const, id: 't', patch: {}, at: '' };
      await box.append([
        { ...draft, op: 'a' },
        { ...draft, op: 'b' },
        { ...draft, op: 'c' },
      ]);
      await box.renumber(['b'], 9);
      return box.read();
    });
  const read = () => page.evaluate(() => parts.openOutbox('ann').read());
  const before = await write();
  await opened();
  expect(await read()).toEqual(before);
  expect(before.pending.map((one) => [one.op, one.n])).toEqual([
    ['a', 1],
    ['b', 9],
    ['c', 10],
  ]);
  await page.evaluate(() => parts.openOutbox('ann').destroy());
  await opened();
  expect((await read()).pending).toEqual([]);
  expect((await read()).client_id).not.toBe(before.client_id);
});

test('where the browser has no more room, edits are kept in memory, and leave the disk too when they leave', async () => {
  const state = await page.evaluate(async () => {
    const box = parts.overflowing(parts.openOutbox('ann'));
    Object.assign(globalThis, { box });
    await box.read();
    await box.append([{ op: 'a', kind: 'update', entity: 'task', id: 't', patch: {}, at: '' }]);
    return box.isStored;
  });
  expect(state).toBe(true);
  const full = await page.evaluate(async () => {
    const { box } = globalThis as unknown as { box: ReturnType<typeof overflowing> };
    const big = 'x'.repeat(5_000_000);
    const numbered = await box.append([
      { op: 'b', kind: 'update', entity: 'task', id: 't', patch: { notes: big }, at: '' },
    ]);
    const { isStored } = box;
    const moved = await box.renumber(['a'], 5);
    await box.remove(['a']);
    const disk = (await parts.openOutbox('ann').read()).pending.map((one) => one.op);
    return { numbered: numbered.map((one) => one.n), isStored, moved: moved.map((one) => [one.op, one.n]), disk };
  });
  expect(full).toMatchObject({
    numbered: [2],
    isStored: false,
    moved: [
      ['a', 5],
      ['b', 6],
    ],
    disk: [],
  });
  const later = await page.evaluate(async () => {
    const { box } = globalThis as unknown as { box: ReturnType<typeof overflowing> };
    await box.remove(['b']);
    await box.append([{ op: 'c', kind: 'update', entity: 'task', id: 't', patch: {}, at: '' }]);
    return { isStored: box.isStored, disk: (await parts.openOutbox('ann').read()).pending.map((one) => one.op) };
  });
  expect(later).toEqual({ isStored: true, disk: ['c'] });
});

test('a database that somebody deleted under it is opened anew', async () => {
  const read = await page.evaluate(async () => {
    const box = parts.openOutbox('ann');
    const draft = { kind: 'update' as const, entity: 'task' as const, id: 't', patch: {}, at: '' };
    await box.append([{ ...draft, op: 'a' }]);
    await parts.openOutbox('ann').destroy();
    await box.append([{ ...draft, op: 'b' }]);
    return box.read();
  });
  expect(read.pending.map((one) => [one.op, one.n])).toEqual([['b', 1]]);
});

test('the cache keeps rows, cursor and what they include together, and never goes back', async () => {
  const seen = await page.evaluate(async () => {
    const cache = parts.openCache('ann', 'space');
    const image = (seq: number, titles: string[], included: string[] = []) => ({
      cursor: { seq, op: null, epoch: 'e' },
      included,
      awaited: [],
      rows: titles.map((title) => ({ entity: 'task' as const, row: { id: title, title } as never })),
    });
    const all = { value: image(0, []) };
    const write = (to: ReturnType<typeof image>, from: number, whole = false) =>
      cache.write(to, { whole, from, everything: () => all.value });
    const read = async () => {
      const at = await parts.openCache('ann', 'space').read();
      return at && [at.cursor?.seq, at.rows.map(({ row }) => row.id), at.included];
    };
    const states = [await read()];
    await write(image(2, ['a', 'b'], ['x']), 0, true);
    states.push(await read());
    await write(image(3, ['c'], ['y']), 2);
    states.push(await read());
    // Another tab is further on: what this one writes late is passed over.
    await write(image(1, ['z']), 1);
    states.push(await read());
    // What this one believes to be on the disk is not: it writes everything.
    all.value = image(9, ['a', 'b', 'c', 'd']);
    await write(image(9, ['d']), 8);
    states.push(await read());
    await cache.destroy();
    states.push(await read());
    return states;
  });
  expect(seen).toEqual([
    undefined,
    [2, ['a', 'b'], ['x']],
    [3, ['a', 'b', 'c'], expect.arrayContaining(['x', 'y'])],
    [3, ['a', 'b', 'c'], expect.arrayContaining(['x', 'y'])],
    [9, ['a', 'b', 'c', 'd'], []],
    undefined,
  ]);
});
