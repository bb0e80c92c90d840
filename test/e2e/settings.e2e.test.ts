import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { type StartedProgram, startProgram } from '../support/program.ts';
import { expectAccessible, lena, type Seat, signUp, sitDown } from './person.ts';

const BEN = 'ben@example.test';
let program: StartedProgram;
let browser: Browser;
let seat: Seat;

beforeAll(async () => {
  [program, browser] = await Promise.all([startProgram(), launchBrowser()]);
  seat = await sitDown(browser, program.url);
  await signUp(seat);
  const ben = await sitDown(browser, program.url);
  await ben.page.getByRole('button', { name: 'Make one' }).click();
  await ben.page.getByLabel('Your name').fill('Ben');
  await ben.page.getByLabel('E-mail').fill(BEN);
  await ben.page.getByLabel('Password', { exact: true }).fill('another long one');
  await ben.page.getByRole('button', { name: 'Create account' }).click();
  await ben.page.getByText('All on the server').waitFor();
});
afterAll(async () => {
  await browser?.close();
  await program?.stop();
});

test('a form of the settings is left by Esc or Cancel, and what was typed goes with it', async () => {
  const { page } = seat;
  await page.goto('/settings');
  for (const [opens, field] of [
    ['Change the address', 'New address'],
    ['Change the password', 'Password now'],
  ] as const) {
    const button = page.getByRole('button', { name: opens });
    await button.click();
    await page.getByLabel(field).fill('half a word');
    await page.getByLabel(field).press('Escape');
    await page.getByLabel(field).waitFor({ state: 'detached' });
    expect(await button.evaluate((one) => one === document.activeElement)).toBe(true);
    await button.click();
    expect(await page.getByLabel(field).inputValue()).toBe('');
    await expectAccessible(seat, opens);
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByLabel(field).waitFor({ state: 'detached' });
  }
});

test('a new address stands there at once, and one that is taken is said to be', async () => {
  const { page } = seat;
  const ask = async (email: string) => {
    await page.getByLabel('New address').fill(email);
    await page.getByLabel('Your password').fill(lena.password);
    await page.getByRole('button', { name: 'Change', exact: true }).click();
  };
  await page.getByRole('button', { name: 'Change the address' }).click();
  await ask(BEN);
  await page.getByText('There is an account with this address. Nothing was changed.').waitFor();
  await ask('lena@moved.example');
  await page.getByText('Changed. Sign in with it from now on').waitFor();
  await page.getByText('lena@moved.example').waitFor();
});

test('who runs the place sees which service does not answer', async () => {
  const { page } = seat;
  await page.route('**/api/admin/status', async (route) => {
    const answer = await route.fetch();
    const status = await answer.json();
    status.services[2] = { name: 'notification', outbox: null, inbox: null, dead_letters: null };
    await route.fulfill({ response: answer, json: { ...status, reminders: null } });
  });
  await page.goto('/admin');
  await page.getByText('does not answer', { exact: true }).waitFor();
  await page.getByText('not known').waitFor();
  expect(await page.getByText('nothing waits').count()).toBe(3);
  await page.unroute('**/api/admin/status');
});

test('who runs the place gives it up, and is shown nothing of it any more', async () => {
  const { page } = seat;
  await page.goto('/admin');
  const role = (name: string) => page.getByLabel(`What ${name} does here`);
  await role('Ben').selectOption('admin');
  await page.getByText('Ben runs this place now').waitFor();
  await expect.poll(() => role('Ben').inputValue()).toBe('admin');
  await role(lena.name).selectOption('user');
  await page.getByText('You do not run this place').waitFor();
  expect(await page.getByRole('button', { name: /link|invitation|Make one now/i }).count()).toBe(0);
  await expectAccessible(seat, 'a place that somebody else runs');
});
