import { gzipSync } from 'node:zlib';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { type StartedProgram, startProgram } from '../support/program.ts';
import { expectAccessible, goTo, quickAdd, type Seat, signIn, signUp, sitDown } from './person.ts';

let program: StartedProgram;
let browser: Browser;
let laptop: Seat;
let other: Seat;

beforeAll(async () => {
  [program, browser] = await Promise.all([startProgram(), launchBrowser()]);
  laptop = await sitDown(browser, program.url);
  other = await sitDown(browser, program.url);
});
afterAll(async () => {
  await browser?.close();
  await program?.stop();
});

test('the door can be used by everyone', async () => {
  await laptop.page.getByRole('heading', { name: 'Good to see you' }).waitFor();
  await expectAccessible(laptop, 'sign-in');
  await signUp(laptop);
  await laptop.page.getByText('Nothing is due today').waitFor();
  await expectAccessible(laptop, 'empty Today');
});

test('a line in plain words becomes a repeating task', async () => {
  const { page } = laptop;
  await page.keyboard.press('q');
  const field = page.getByLabel('New task, in plain words');
  await field.pressSequentially('Pay rent every 27th at 9am #Home @bank p1 //note');
  await page.getByText('Monthly on the 27th, 09:00').waitFor();
  await page.getByText('no end').waitFor();
  expect(await page.locator('.token-mirror .token').allInnerTexts()).toEqual([
    'every 27th at 9am',
    '#Home',
    '@bank',
    'p1',
    '//note',
  ]);
  await expectAccessible(laptop, 'quick add');
  await page.keyboard.press('Enter');
  await goTo(laptop, 'Home');
  await page.getByRole('button', { name: 'Pay rent', exact: true }).waitFor();
  await page.getByText('All on the server').waitFor();
});

test('another browser shows it, completes it, and the first shows the next one, all without a reload', async () => {
  await signIn(other);
  await goTo(other, 'Home');
  const when = laptop.page.locator('.row', { hasText: 'Pay rent' }).locator('time').first();
  const first = await when.getAttribute('datetime');
  await other.page.getByRole('checkbox', { name: 'Pay rent, high priority' }).click();
  await other.page.getByText('Next on').waitFor();
  await expect.poll(() => when.getAttribute('datetime'), { timeout: 15_000 }).not.toBe(first);
  expect(await when.getAttribute('datetime')).toMatch(/-27T09:00$/);
  await quickAdd(laptop, 'Seen over there');
  await other.page.getByText('Seen over there').waitFor({ timeout: 15_000 });
});

test('undo takes a completion back', async () => {
  const { page } = laptop;
  await quickAdd(laptop, 'Water the tomatoes');
  await page.getByRole('checkbox', { name: 'Water the tomatoes' }).click();
  await page.getByText('Done: Water the tomatoes').waitFor();
  await page.keyboard.press('z');
  await expect
    .poll(() => page.getByRole('checkbox', { name: 'Water the tomatoes' }).getAttribute('aria-checked'))
    .toBe('false');
});

test('what was deleted is brought back', async () => {
  const { page } = laptop;
  await goTo(laptop, 'Inbox');
  await quickAdd(laptop, 'Buy stamps');
  await page.getByRole('button', { name: 'Buy stamps', exact: true }).focus();
  await page.keyboard.press('Delete');
  await page.getByText('Deleted: Buy stamps').waitFor();
  await page.getByText('All on the server').waitFor();
  await goTo(laptop, 'Deleted');
  await page.getByRole('button', { name: /Bring back.*Buy stamps/ }).click();
  await goTo(laptop, 'Inbox');
  await page.getByRole('button', { name: 'Buy stamps', exact: true }).waitFor();
  await goTo(laptop, 'Home');
});

test('the first sight of a known device takes less than 200 kB of script', async () => {
  const { page } = laptop;
  await page.addInitScript(() => {
    new MutationObserver((_, watching) => {
      if (!document.querySelector('.row')) return;
      performance.mark('first-row');
      watching.disconnect();
    }).observe(document, { childList: true, subtree: true });
  });
  await page.reload();
  await page.locator('.row').first().waitFor();
  const before = await page.evaluate(() => {
    const row = performance.getEntriesByName('first-row')[0]?.startTime ?? 0;
    const files = performance.getEntriesByType('resource').filter((one) => one.name.endsWith('.js'));
    return files.filter((one) => one.startTime <= row).map((one) => one.name);
  });
  const sizes = await Promise.all(
    before.map(async (file) => gzipSync(Buffer.from(await (await fetch(file)).arrayBuffer())).length),
  );
  expect(before.length).toBeGreaterThan(3);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(200_000);
});

test('an edit made without the network survives a reload and arrives', async () => {
  const { page, context } = laptop;
  await page.getByText('All on the server').waitFor();
  // The page itself may be fetched; what it would send and hear may not.
  await context.route('**/api/**', (route) => route.abort('internetdisconnected'));
  await quickAdd(laptop, 'Written on the train');
  await page.getByText('1 edit on this device').or(page.getByText('1 kept')).first().waitFor();
  await page.reload();
  await page.getByRole('button', { name: 'Written on the train', exact: true }).waitFor();
  await context.unroute('**/api/**');
  await page.getByText('All on the server').waitFor({ timeout: 40_000 });
  await other.page.getByText('Written on the train').waitFor({ timeout: 15_000 });
});

test('the page opens again with nothing of the server left, and what is written then arrives', async () => {
  const { page, context } = laptop;
  const kept = () => page.evaluate(async () => (await (await caches.open('shell')).keys()).length);
  await expect.poll(kept, { timeout: 30_000 }).toBeGreaterThan(8);
  await context.setOffline(true);
  await page.reload();
  await page.getByRole('button', { name: 'Written on the train', exact: true }).waitFor();
  await quickAdd(laptop, 'Written in the tunnel');
  await page.getByRole('button', { name: 'Written in the tunnel', exact: true }).waitFor();
  await context.setOffline(false);
  await page.getByText('All on the server').waitFor({ timeout: 40_000 });
  await other.page.getByText('Written in the tunnel').waitFor({ timeout: 15_000 });
});

test('a repeating task is moved alone or with its series', async () => {
  const { page } = laptop;
  await goTo(laptop, 'Home');
  await quickAdd(laptop, 'Weekly report every monday');
  await page.getByRole('button', { name: 'Weekly report', exact: true }).click();
  await page
    .getByRole('button', { name: /^Mon|^Next Mon|^Tomorrow|^Today/ })
    .first()
    .click();
  await page.getByLabel('The series from here on').check();
  await page.getByLabel('Due, in plain words').fill('2031-01-01');
  await page.keyboard.press('Enter');
  await page.getByText('Moved the series from here on').waitFor();
  await page
    .getByText(/every Wednesday|Wednesdays|Weekly on Wednesday/i)
    .first()
    .waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
});

test('every page can be used by everyone', async () => {
  const { page } = laptop;
  await page.getByRole('button', { name: 'Pay rent', exact: true }).click();
  await page.getByRole('heading', { name: 'History' }).waitFor();
  await page.getByText('made it').waitFor();
  await expectAccessible(laptop, 'task');
  await page.keyboard.press('Escape');
  for (const place of ['Today', 'Inbox', 'Find', 'Deleted', 'Settings', 'Home']) {
    await goTo(laptop, place);
    await page.waitForTimeout(300);
    await expectAccessible(laptop, place);
  }
});

test('after signing out nothing of the person stays in the browser', async () => {
  const { page } = other;
  await goTo(other, 'Settings');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Good to see you' }).waitFor();
  await expect
    .poll(() =>
      page.evaluate(async () => [(await indexedDB.databases()).map((one) => one.name), Object.keys(localStorage)]),
    )
    .toEqual([[], []]);
});

test('nobody complained: no error, nothing refused by the policy', () => {
  const known = /Failed to load resource.*(404|ERR_FAILED)/;
  expect([...laptop.complaints, ...other.complaints].filter((one) => !known.test(one))).toEqual([]);
});
