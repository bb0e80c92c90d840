import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { type StartedProgram, startProgram } from '../support/program.ts';
import { expectAccessible, goTo, lena, quickAdd, type Seat, signIn, signUp, sitDown } from './person.ts';

let program: StartedProgram;
let browser: Browser;
let laptop: Seat;
let other: Seat;

beforeAll(async () => {
  [program, browser] = await Promise.all([startProgram(), launchBrowser()]);
  laptop = await sitDown(browser, program.url);
  await signUp(laptop);
  other = await sitDown(browser, program.url);
  await signIn(other);
});
afterAll(async () => {
  await browser?.close();
  await program?.stop();
});

const task = ({ page }: Seat, title: string) => page.getByRole('button', { name: title, exact: true });
const equal = ({ page }: Seat) => page.getByText('All on the server').waitFor({ timeout: 40_000 });

test('an edit of what another device deleted is refused, kept in words, and done again with the task brought back', async () => {
  const { page, context } = other;
  await goTo(laptop, 'Inbox');
  for (const line of ['Order hinges #Kitchen', 'Paint the door #Kitchen']) await quickAdd(laptop, line);
  await goTo(other, 'Kitchen');
  await task(other, 'Order hinges').click();
  await page.getByText('made it').waitFor();
  await context.route('**/api/**', (route) => route.abort('internetdisconnected'));
  const title = page.getByRole('textbox', { name: 'Title' });
  await title.fill('Order hinges, brass');
  await title.press('Enter');
  await page.getByRole('button', { name: 'Close the task' }).click();
  await page.getByRole('checkbox', { name: 'Paint the door' }).click();
  await quickAdd(other, 'New in the kitchen');
  await goTo(laptop, 'Kitchen');
  await laptop.page.getByRole('button', { name: 'Change Kitchen' }).click();
  await laptop.page.getByRole('button', { name: 'Delete', exact: true }).click();
  await equal(laptop);
  await context.unroute('**/api/**');
  await page.getByText('2 edits were refused').first().waitFor({ timeout: 40_000 });

  // Refused edits are kept on the device.
  await page.reload();
  await page.getByRole('button', { name: /^Sync: 2 edits were refused/ }).click();
  const hinges = page.getByRole('region', { name: 'Order hinges' });
  await hinges.getByText('it was deleted meanwhile').waitFor();
  await hinges.getByText('Order hinges, brass').waitFor();
  await expectAccessible(other, 'refused edits');
  await hinges.getByRole('button', { name: 'Bring it back with this' }).click();
  await page.getByRole('region', { name: 'Paint the door' }).getByRole('button', { name: 'Leave it' }).click();
  await page.getByRole('button', { name: 'Close', exact: true }).click();
  await equal(other);
  await goTo(laptop, 'Inbox');
  await task(laptop, 'Order hinges, brass').waitFor();
  await task(laptop, 'New in the kitchen').waitFor();
  await expect.poll(() => task(laptop, 'Paint the door').count()).toBe(0);
});

test('a session ended elsewhere says so; what is written then is kept, and sent after signing in', async () => {
  const { page } = other;
  await goTo(other, 'Inbox');
  const ended = await laptop.context.request.post('/api/auth/revoke-other-sessions', {
    data: {},
    headers: { origin: program.url },
  });
  expect(ended.ok()).toBe(true);
  // A session is looked up again after five seconds.
  await expect.poll(async () => (await other.context.request.get('/api/me')).status(), { timeout: 15_000 }).toBe(401);
  await quickAdd(other, 'Written after the end');
  await page.getByText('1 unsent edit is kept on this device').waitFor();
  await page.reload();
  await task(other, 'Written after the end').waitFor();
  await page.getByText('1 unsent edit is kept on this device').waitFor();
  await expectAccessible(other, 'a session that has ended');
  await page.getByRole('button', { name: 'Sign in again' }).click();
  await page.getByRole('button', { name: 'Back to your tasks' }).click();
  await page.getByRole('button', { name: 'Sign in again' }).click();
  await expect.poll(() => page.getByLabel('E-mail').inputValue()).toBe(lena.email);
  await page.getByLabel('Password', { exact: true }).fill(lena.password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await equal(other);
  await task(laptop, 'Written after the end').waitFor();
});

test('somebody else signing in there sees nothing of it, and takes nothing from it', async () => {
  const { page, context } = other;
  await laptop.context.request.post('/api/auth/revoke-other-sessions', { data: {}, headers: { origin: program.url } });
  await expect.poll(async () => (await context.request.get('/api/me')).status(), { timeout: 15_000 }).toBe(401);
  await quickAdd(other, 'Mine, unsent');
  await page.getByText('1 unsent edit is kept on this device').waitFor();
  await page.getByRole('button', { name: 'Sign in again' }).click();
  await page.getByRole('button', { name: 'Make one' }).click();
  await page.getByLabel('Your name').fill('Ben');
  await page.getByLabel('E-mail').fill('ben@hartmann.example');
  await page.getByLabel('Password', { exact: true }).fill(lena.password);
  await page.getByRole('button', { name: 'Create account' }).click();
  await equal(other);
  expect(await page.getByText('Mine, unsent').count()).toBe(0);
  await goTo(other, 'Settings');
  await page.getByRole('button', { name: 'Sign out', exact: true }).click();
  await page.getByLabel('E-mail').waitFor();
  await signIn(other);
  await task(laptop, 'Mine, unsent').waitFor();
});
