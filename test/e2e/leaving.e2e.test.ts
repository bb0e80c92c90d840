import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { type StartedProgram, startProgram } from '../support/program.ts';
import { expectAccessible, lena, quickAdd, type Seat, signIn, signUp, sitDown } from './person.ts';

let program: StartedProgram;
let browser: Browser;

beforeAll(async () => {
  [program, browser] = await Promise.all([startProgram(), launchBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await program?.stop();
});

test('somebody closes their account, thinks better of it, and finds everything as it was', async () => {
  const seat = await sitDown(browser, program.url);
  const { page } = seat;
  await signUp(seat);
  await quickAdd(seat, 'Water the ferns');
  await page.getByText('All on the server').waitFor();
  await page.goto('/settings');
  await page.getByRole('button', { name: 'Close it' }).click();
  await expectAccessible(seat, 'closing an account');
  await page.getByLabel('Your password').fill('not my password');
  await page.getByRole('button', { name: 'Close the account' }).click();
  await page.getByText('That is not your password. Nothing was changed.').waitFor();
  await page.getByLabel('Your password').fill(lena.password);
  await page.getByRole('button', { name: 'Close the account' }).click();

  await page.getByText('Your account is closed. Until').waitFor();
  await expect
    .poll(() =>
      page.evaluate(async () => [(await indexedDB.databases()).map((one) => one.name), Object.keys(localStorage)]),
    )
    .toEqual([[], []]);
  await page.getByLabel('E-mail').fill(lena.email);
  await page.getByLabel('Password', { exact: true }).fill(lena.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('Until then everything in it is as you left it').waitFor();
  await expectAccessible(seat, 'a closed account');
  await page.getByRole('button', { name: 'Leave it closed' }).click();
  await page.getByLabel('E-mail').fill(lena.email);
  await page.getByLabel('Password', { exact: true }).fill(lena.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: 'Take my account back' }).click();
  await page.getByText('All on the server').waitFor();
  await page.goto('/inbox');
  await page.getByText('Water the ferns').waitFor();
});

test('a device with unsent edits keeps them at a closed account, and asks before they go', async () => {
  const [ben, laptop] = [await sitDown(browser, program.url), await sitDown(browser, program.url)];
  await signIn(ben);
  await signIn(laptop);
  const { page } = laptop;
  await page.route('**/ops', (route) => route.abort('internetdisconnected'));
  await quickAdd(laptop, 'Feed the cat');
  await page.getByText('1 kept', { exact: true }).waitFor();
  await closeAccount(ben);
  await page.unroute('**/ops');
  await page.getByText('Your session has ended. 1 unsent edit is kept on this device.').waitFor();

  await page.getByRole('button', { name: 'Sign in again' }).click();
  await page.getByLabel('Password', { exact: true }).fill(lena.password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByText('1 unsent edit waits on this device').waitFor();
  await page.getByRole('button', { name: 'Leave it closed' }).click();
  await page.getByRole('heading', { name: '1 edit has not reached the server' }).waitFor();
  await expectAccessible(laptop, 'leaving an account closed with unsent edits');
  await page.getByRole('button', { name: 'Not now' }).click();
  await page.getByRole('button', { name: 'Back to your tasks' }).click();
  const closed = page.getByText(
    /^Your account is closed. It will be erased on .* 1 unsent edit is kept on this device/,
  );
  await closed.waitFor();
  await page.getByText('Account closed').first().waitFor();

  await page.reload();
  await closed.waitFor();
  expect(await page.getByText(/Offline/).count()).toBe(0);
  await expectAccessible(laptop, 'tasks of a closed account');
  await page.getByRole('button', { name: 'Take it back' }).click();
  await page.getByText('All on the server').waitFor();
  await page.goto('/today');
  await page.goto('/inbox');
  await page.getByText('Feed the cat').waitFor();

  // Said once more, and meant.
  await closeAccount(laptop);
  await page.getByLabel('E-mail').fill(lena.email);
  await page.getByLabel('Password', { exact: true }).fill(lena.password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('heading', { name: 'Your account is closed' }).waitFor();
  // A device without tasks on it says so at once when it comes back.
  await page.reload();
  await page.getByRole('heading', { name: 'Your account is closed' }).waitFor();
  await page.getByRole('button', { name: 'Take my account back' }).click();
  await page.getByText('All on the server').waitFor();
});

async function closeAccount({ page }: Seat): Promise<void> {
  await page.goto('/settings');
  await page.getByRole('button', { name: 'Close it' }).click();
  await page.getByLabel('Your password').fill(lena.password);
  await page.getByRole('button', { name: 'Close the account' }).click();
  await page.getByText('Your account is closed. Until').waitFor();
}

test('what was never sent goes from a device with a closed account only when that was said', async () => {
  const laptop = await sitDown(browser, program.url);
  const other = await sitDown(browser, program.url);
  await signIn(laptop);
  await signIn(other);
  const { page } = laptop;
  await page.route('**/ops', (route) => route.abort('internetdisconnected'));
  await quickAdd(laptop, 'Post the letter');
  await closeAccount(other);
  await page.getByText('Your session has ended').waitFor();
  await page.getByRole('button', { name: 'Sign in again' }).click();
  await page.getByLabel('Password', { exact: true }).fill(lena.password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('button', { name: 'Back to your tasks' }).click();
  await page.getByRole('button', { name: 'Leave it closed' }).click();
  await page.getByRole('button', { name: 'Leave it closed and lose it' }).click();
  await page.getByRole('heading', { name: 'Good to see you' }).waitFor();
  await expect.poll(() => page.evaluate(async () => (await indexedDB.databases()).map((one) => one.name))).toEqual([]);
});

test('whoever leaves their account closed on somebody else’s device takes nothing of theirs with them', async () => {
  const seat = await sitDown(browser, program.url);
  const { page, context } = seat;
  await page.getByRole('button', { name: 'Make one' }).click();
  await page.getByLabel('Your name').fill('Ben');
  await page.getByLabel('E-mail').fill('ben@example.test');
  await page.getByLabel('Password', { exact: true }).fill('another long one');
  await page.getByRole('button', { name: 'Create account' }).click();
  await page.getByText('All on the server').waitFor();
  await page.route('**/ops', (route) => route.abort('internetdisconnected'));
  await quickAdd(seat, 'Wax the skis');
  await context.clearCookies();
  await page.reload();
  await page.getByRole('button', { name: 'Sign in again' }).click();
  await page.getByLabel('E-mail').fill(lena.email);
  await page.getByLabel('Password', { exact: true }).fill(lena.password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('button', { name: 'Back to your tasks' }).click();
  await page.getByText('Somebody else is signed in here, and their account is closed').waitFor();
  await page.getByRole('button', { name: 'Leave it closed' }).click();
  await page.getByText('Your session has ended. 1 unsent edit is kept on this device.').waitFor();
});
