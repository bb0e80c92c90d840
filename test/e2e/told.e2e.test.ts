import type { Browser, Page } from 'playwright-core';
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
  await signUp(laptop);
  await other.context.addInitScript(noticesThatAreWrittenDown);
  await signIn(other);
});
afterAll(async () => {
  await browser?.close();
  await program?.stop();
});

/** Stands in for the device's own notices, which nothing can look at. */
function noticesThatAreWrittenDown() {
  const notices: { title: string; tag: string; isOpen: boolean; onclick?: () => void }[] = [];
  class Notice {
    static permission = 'default';
    static asked = 0;
    static notices = notices;
    static async requestPermission() {
      Notice.asked++;
      Notice.permission = 'granted';
      return 'granted';
    }
    isOpen = true;
    tag: string;
    constructor(
      readonly title: string,
      options: { tag: string },
    ) {
      this.tag = options.tag;
      notices.push(this);
    }
    close() {
      this.isOpen = false;
    }
  }
  Object.assign(globalThis, { Notification: Notice });
}
interface Notices {
  asked: number;
  notices: { title: string; tag: string; isOpen: boolean; onclick?: () => void }[];
}
const noticesOn = (page: Page) =>
  page.evaluate(() => {
    const { asked, notices } = (globalThis as unknown as { Notification: Notices }).Notification;
    return { asked, notices: notices.map(({ title, isOpen }) => ({ title, isOpen })) };
  });

const bell = ({ page }: Seat) => page.getByRole('button', { name: /^What you were told/ });
const unread = (seat: Seat) => bell(seat).getAttribute('aria-label');
const told = ({ page }: Seat) => page.getByRole('dialog', { name: 'What you were told' });

/** So many seconds from now, on a wall clock in Berlin. */
const localIn = (seconds: number): string =>
  new Intl.DateTimeFormat('sv-SE', { timeZone: 'Europe/Berlin', dateStyle: 'short', timeStyle: 'medium' })
    .format(Date.now() + seconds * 1000)
    .replace(' ', 'T');

/** Adds a task and, in its panel, a reminder so many seconds from now. */
async function remindSoon(seat: Seat, title: string, seconds = 2): Promise<void> {
  const { page } = seat;
  await quickAdd(seat, `${title} tomorrow 16:00 p2`);
  await page.getByRole('button', { name: title, exact: true }).click();
  const panel = page.getByRole('complementary', { name: `Task: ${title}` });
  await panel.getByRole('button', { name: '15 min before, as usual' }).click();
  await panel.getByLabel('My own').check();
  await panel.getByRole('button', { name: 'Add one at a time' }).click();
  await panel.getByLabel('Remind at').fill(localIn(seconds));
  await panel.getByLabel('Remind at').press('Enter');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
}

async function expectAccessibleInBoth(seat: Seat, where: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await seat.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    // What fades from one theme to the other has to be there.
    await seat.page.waitForTimeout(200);
    await expectAccessible(seat, `${where}, ${colorScheme}`);
  }
  await seat.page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
}

test('notices of the device are asked for by a click alone', async () => {
  const { page } = other;
  await bell(other).click();
  await told(other).getByText('Nothing yet').waitFor();
  expect((await noticesOn(page)).asked).toBe(0);
  await expectAccessibleInBoth(other, 'nothing told yet');
  await told(other).getByRole('button', { name: 'Show notices' }).click();
  await told(other).getByRole('button', { name: 'Show notices' }).waitFor({ state: 'detached' });
  expect((await noticesOn(page)).asked).toBe(1);
  await page.keyboard.press('Escape');
});

test('a reminder set on a task rings in two browsers; done in one, it leaves the other', async () => {
  await goTo(laptop, 'Inbox');
  await goTo(other, 'Inbox');
  await remindSoon(laptop, 'Call the electrician');
  for (const seat of [laptop, other])
    await expect.poll(() => unread(seat), { timeout: 20_000 }).toBe('What you were told, 1 unread');
  expect(await laptop.page.title()).toBe('(1) TaskMaster');
  expect((await noticesOn(other.page)).notices).toEqual([{ title: 'Call the electrician', isOpen: true }]);
  await bell(laptop).click();
  await told(laptop).getByText('Due tomorrow, 16:00.').waitFor();
  await expectAccessibleInBoth(laptop, 'what you were told');
  await bell(other).click();
  await told(other).getByRole('button', { name: 'Done: Call the electrician' }).click();
  for (const seat of [laptop, other]) {
    await told(seat).getByText('Done since.').waitFor();
    await expect.poll(() => unread(seat), { timeout: 20_000 }).toBe('What you were told');
    expect(
      await told(seat)
        .getByRole('button', { name: /^Done:/ })
        .count(),
    ).toBe(0);
  }
  expect(await laptop.page.title()).toBe('TaskMaster');
  expect((await noticesOn(other.page)).notices).toEqual([{ title: 'Call the electrician', isOpen: false }]);
  for (const seat of [laptop, other]) await seat.page.keyboard.press('Escape');
});

test('put off in one, it counts as read in the other; a notice opens its task', async () => {
  await remindSoon(laptop, 'Send the lease');
  await expect.poll(() => unread(other), { timeout: 20_000 }).toBe('What you were told, 1 unread');
  await bell(laptop).click();
  await told(laptop).getByRole('button', { name: 'Remind me again in 1 hour: Send the lease' }).click();
  await laptop.page.getByText(/Reminds again/).waitFor();
  await expect.poll(() => unread(other), { timeout: 20_000 }).toBe('What you were told');
  await laptop.page.keyboard.press('Escape');

  await remindSoon(laptop, 'Return the books');
  await expect.poll(() => unread(other), { timeout: 20_000 }).toBe('What you were told, 1 unread');
  await other.page.evaluate(() =>
    (globalThis as unknown as { Notification: Notices }).Notification.notices.at(-1)?.onclick?.(),
  );
  await other.page.getByRole('complementary', { name: 'Task: Return the books' }).waitFor();
  await expect.poll(() => unread(laptop), { timeout: 20_000 }).toBe('What you were told');
  await other.page.keyboard.press('Escape');
});

test('what was read without the network is known to the server once it answers', async () => {
  await remindSoon(laptop, 'Pay the tiler');
  await expect.poll(() => unread(laptop), { timeout: 20_000 }).toBe('What you were told, 1 unread');
  const { context, page } = laptop;
  await context.route('**/api/**', (route) => route.abort('internetdisconnected'));
  await bell(laptop).click();
  await told(laptop).getByRole('button', { name: 'All read' }).click();
  expect(await unread(laptop)).toBe('What you were told');
  await told(laptop).getByText('It hears of what you have read when it does').waitFor();
  expect(await unread(other)).toBe('What you were told, 1 unread');
  await page.reload();
  await expect.poll(() => unread(laptop), { timeout: 20_000 }).toBe('What you were told');
  await context.unroute('**/api/**');
  await expect.poll(() => unread(other), { timeout: 40_000 }).toBe('What you were told');
});

test('the tabs of one browser ask once between them', async () => {
  const tabs = await Promise.all([1, 2, 3].map(() => laptop.context.newPage()));
  for (const tab of tabs) {
    await tab.goto('/inbox');
    await tab.getByText('All on the server').waitFor();
  }
  await laptop.page.getByText('All on the server').waitFor();
  const asked: string[] = [];
  laptop.context.on('request', (request) => {
    if (request.url().includes('/api/notifications')) asked.push(request.url());
  });
  await remindSoon(laptop, 'Water the tomatoes', 3);
  for (const page of [laptop.page, ...tabs])
    await expect.poll(() => page.title(), { timeout: 20_000 }).toBe('(1) TaskMaster');
  await laptop.page.waitForTimeout(1_000);
  // Of four tabs; what rings twice, on a busy machine, may be asked for twice.
  expect(asked.length).toBeGreaterThan(0);
  expect(asked.length).toBeLessThan(4);
  for (const tab of tabs) await tab.close();
});

test('the ledger says what became of each', async () => {
  const { page } = laptop;
  await bell(laptop).click();
  await told(laptop).getByRole('link', { name: 'Every reminder and what became of it' }).click();
  await page.getByRole('heading', { name: 'Reminders', exact: true }).waitFor();
  const row = (title: string, became: string) =>
    page.locator('.ledger-row', { hasText: title }).filter({ hasText: became }).first().waitFor();
  await row('Call the electrician', ', read at');
  await row('Send the lease', 'Will be told');
  await row('Return the books', ', read at');
  await expectAccessibleInBoth(laptop, 'reminders');
  await page.getByLabel('What became of it').selectOption('To come');
  await page.locator('.ledger-row', { hasText: 'Call the electrician' }).waitFor({ state: 'detached' });
  await row('Send the lease', 'Will be told');
  await page.getByLabel('What became of it').selectOption('All');
  await page.getByRole('button', { name: 'Return the books' }).first().click();
  await page.getByRole('complementary', { name: 'Task: Return the books' }).waitFor();
  await page.keyboard.press('Escape');
});

test('activity tells it in plain words, whole, and its export verifies in the browser', async () => {
  const { page } = laptop;
  await goTo(laptop, 'Activity');
  await page.getByRole('heading', { name: /^Intact to #\d+/ }).waitFor();
  await page.getByText('You finished Call the electrician').waitFor();
  await page.getByText('You asked to be reminded again of Send the lease').waitFor();
  await expectAccessibleInBoth(laptop, 'activity');
  await page.getByLabel('Kind').selectOption('Task finished');
  await page.getByText('You asked to be reminded again of Send the lease').waitFor({ state: 'detached' });
  await page.getByText('You finished Call the electrician').waitFor();

  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'Export' }).click(),
  ]);
  const file = await download.path();
  const check = page.getByLabel('Verify a file here');
  await check.setInputFiles(file);
  await page.getByText(/is intact: \d+ entries in 2 chains/).waitFor();
  const lines = (await import('node:fs')).readFileSync(file, 'utf8').split('\n');
  const changed = lines.with(2, (lines[2] ?? '').replace('sealed', 'sealet'));
  await check.setInputFiles({ name: 'changed.jsonl', mimeType: 'text/plain', buffer: Buffer.from(changed.join('\n')) });
  await page.getByText(/changed.jsonl is broken. In your .+, at #\d+: what is stored there/).waitFor();
});

test('a broken chain is shown plainly', async () => {
  const { page } = laptop;
  await page.route('**/api/audit-logs/verify', async (route) => {
    const verdict = await (await route.fetch()).json();
    const { chain } = verdict.chains.find((one: { chain: string }) => one.chain.startsWith('workspace:'));
    await route.fulfill({ json: { ...verdict, broken_at: { chain, seq: 7, why: 'missing' } } });
  });
  await page.getByRole('button', { name: 'Check again' }).click();
  await page.getByRole('heading', { name: 'Broken at #7' }).waitFor();
  await page.getByText('In your tasks, at #7: an entry is missing there.').waitFor();
  await expectAccessibleInBoth(laptop, 'a broken chain');
  await page.unroute('**/api/audit-logs/verify');
});

test('the usual reminder and the quiet hours are set in the settings', async () => {
  const { page } = laptop;
  await goTo(laptop, 'Settings');
  await page.getByLabel('Usual reminder').selectOption('1 hour before');
  await page.getByRole('switch', { name: /Quiet hours/ }).click();
  await page.getByLabel('Quiet from').fill('22:00');
  await page.getByLabel('Quiet from').blur();
  await page.getByText('All on the server').waitFor();
  await expectAccessibleInBoth(laptop, 'settings');
  await bell(other).click();
  await told(other).getByText('Quiet from 22:00 to 07:00').waitFor();
  await other.page.keyboard.press('Escape');
  await goTo(other, 'Inbox');
  await other.page.getByRole('button', { name: 'Send the lease', exact: true }).click();
  const panel = other.page.getByRole('complementary', { name: 'Task: Send the lease' });
  await panel.getByRole('button', { name: /again/ }).click();
  await panel.getByLabel('As usual: 1 hour before').check();
  await panel.getByRole('button', { name: /1 hour before, as usual/ }).waitFor();
  await panel.getByLabel('None', { exact: true }).first().check();
  await panel.getByRole('button', { name: 'Not after all' }).click();
  await panel.getByText('Never, as you said').waitFor();
  await expectAccessibleInBoth(other, 'reminders of a task');
});

test('nobody complained: no error, nothing refused by the policy', () => {
  const known = /Failed to load resource.*(404|ERR_FAILED)/;
  expect([...laptop.complaints, ...other.complaints].filter((one) => !known.test(one))).toEqual([]);
});
