import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { type StartedProgram, startProgram } from '../support/program.ts';
import { expectAccessible, lena, quickAdd, signUp, sitDown } from './person.ts';

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
