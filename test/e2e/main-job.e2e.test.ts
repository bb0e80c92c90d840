import { gzipSync } from 'node:zlib';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { type StartedProgram, startProgram } from '../support/program.ts';
import { completeElsewhere, expectAccessible, goTo, quickAdd, type Seat, signIn, signUp, sitDown } from './person.ts';

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
  const { page } = laptop;
  await page.getByRole('button', { name: 'Create account' }).waitFor();
  await page.getByText('The first account runs the place').waitFor();
  await expectAccessible(laptop, 'first account');
  await page.getByRole('button', { name: 'I have an account' }).click();
  await page.getByRole('heading', { name: 'Good to see you' }).waitFor();
  await expectAccessible(laptop, 'sign-in');
  await page.getByRole('button', { name: 'Make one' }).click();
  await page.getByLabel('Your name').fill('Lena');
  await page.getByLabel('E-mail').fill('lena@hartmann');
  await page.getByRole('button', { name: 'Create account' }).click();
  await page.getByText('Not an e-mail address').waitFor();
  expect(await page.getByLabel('E-mail').getAttribute('aria-invalid')).toBe('true');
  await expectAccessible(laptop, 'a form that is not right yet');
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
  await completeElsewhere(laptop, other);
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
  await page.getByRole('button', { name: 'Bring back: Buy stamps', exact: true }).click();
  await goTo(laptop, 'Inbox');
  await page.getByRole('button', { name: 'Buy stamps', exact: true }).waitFor();
  await goTo(laptop, 'Home');
});

test('a project that was deleted comes back with its tasks, and with nothing else', async () => {
  const { page } = laptop;
  await goTo(laptop, 'Inbox');
  for (const line of ['Dig #Shed', 'Sand #Shed']) await quickAdd(laptop, line);
  await goTo(laptop, 'Shed');
  await page.getByRole('button', { name: 'Dig', exact: true }).focus();
  await page.keyboard.press('Delete');
  await page.getByRole('button', { name: 'Change Shed' }).click();
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await goTo(laptop, 'Deleted');
  await page.getByText('with its task', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Bring back: Shed', exact: true }).click();
  await expect.poll(() => page.getByRole('button', { name: 'Bring back: Sand' }).count()).toBe(0);
  await page.getByRole('button', { name: 'Bring back: Dig', exact: true }).waitFor();
  await goTo(laptop, 'Shed');
  await page.getByRole('button', { name: 'Sand', exact: true }).waitFor();
  expect(await page.getByRole('button', { name: 'Dig', exact: true }).count()).toBe(0);
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

test('a sub-task is typed in the same plain words', async () => {
  const { page } = laptop;
  await quickAdd(laptop, 'Bake a cake');
  await page.getByRole('button', { name: 'Bake a cake', exact: true }).click();
  const panel = page.getByRole('complementary', { name: 'Task: Bake a cake' });
  const field = panel.getByLabel('Add a sub-task');
  await field.pressSequentially('Buy milk tomorrow p1');
  await expect.poll(() => panel.locator('.token-mirror .token').allInnerTexts()).toEqual(['tomorrow', 'p1']);
  await panel.getByText('High').and(panel.locator('#step-understood span')).waitFor();
  await expectAccessible(laptop, 'a sub-task as it is typed');
  await page.keyboard.press('Enter');
  await panel.getByRole('checkbox', { name: 'Buy milk, high priority' }).waitFor();
  const step = panel.locator('.step', { hasText: 'Buy milk' });
  expect(await step.innerText()).toMatch(/Buy milk\s+Tomorrow/);

  await field.pressSequentially('Read up tomorrow p2');
  await page.keyboard.press('Escape');
  // Esc has turned the last token back, and has not closed the panel.
  await expect.poll(() => panel.locator('.token-mirror .token').allInnerTexts()).toEqual(['tomorrow']);
  await page.keyboard.press('Enter');
  await panel.getByRole('button', { name: 'Read up p2', exact: true }).waitFor();

  await field.fill('flour\n- 2 eggs');
  await panel.getByText('2 lines become 2 tasks').waitFor();
  await field.press('Enter');
  await panel.getByRole('button', { name: '2 eggs', exact: true }).waitFor();
  expect(await panel.getByText('0 of 4').count()).toBe(1);
  await page.keyboard.press('Escape');
});

test('an occurrence that is moved alone leaves the time of its series, and no day is said twice', async () => {
  const { page } = laptop;
  await quickAdd(laptop, 'Walk the dog every day at 09:00 starting tomorrow');
  await page.getByRole('button', { name: 'Walk the dog', exact: true }).click();
  const panel = page.getByRole('complementary', { name: 'Task: Walk the dog' });
  await panel.getByRole('button', { name: 'Tomorrow, 09:00', exact: true }).click();
  await panel.getByLabel('Due, in plain words').fill('tomorrow 15:00');
  await page.keyboard.press('Enter');
  await panel.getByRole('button', { name: 'Tomorrow, 15:00', exact: true }).waitFor();
  await panel.getByRole('button', { name: 'Daily, 09:00', exact: true }).waitFor();
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
  await page.getByRole('button', { name: 'Sign out', exact: true }).click();
  await page.getByRole('heading', { name: 'Good to see you' }).waitFor();
  await expect
    .poll(() =>
      page.evaluate(async () => [(await indexedDB.databases()).map((one) => one.name), Object.keys(localStorage)]),
    )
    .toEqual([[], []]);
  // What is kept to open without a server is the page itself, the same for everybody.
  const kept = await page.evaluate(async () => {
    const caught = (await caches.keys()).map(async (name) => {
      const cache = await caches.open(name);
      const texts = (await cache.keys()).map(async (request) => [
        request.url,
        await (await cache.match(request))?.text(),
      ]);
      return Promise.all(texts);
    });
    return (await Promise.all(caught)).flat();
  });
  expect(
    kept.filter(([url, text]) => /\/(api|ws)\//.test(url ?? '') || text?.includes('Written on the train')),
  ).toEqual([]);
  expect((await other.context.cookies()).filter(({ value }) => value !== '')).toEqual([]);
});

test('nobody complained: no error, nothing refused by the policy', () => {
  const known = /Failed to load resource.*(404|ERR_FAILED)/;
  expect([...laptop.complaints, ...other.complaints].filter((one) => !known.test(one))).toEqual([]);
});
