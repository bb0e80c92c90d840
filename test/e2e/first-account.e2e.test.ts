import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { type StartedProgram, startProgram } from '../support/program.ts';
import { expectAccessible, signUp, sitDown } from './person.ts';

let program: StartedProgram;
let browser: Browser;

beforeAll(async () => {
  [program, browser] = await Promise.all([startProgram({ env: { SIGN_UP: 'closed' } }), launchBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await program?.stop();
});

test('a closed place asks whoever comes first for the printed link', async () => {
  const stranger = await sitDown(browser, program.url);
  await stranger.page.getByText('The first needs the link that the program printed').waitFor();
  expect(await stranger.page.getByRole('textbox').count()).toBe(0);
  await expectAccessible(stranger, 'closed place without an account');
});

test('the printed link makes the first account, and leaves the address', async () => {
  const [link = ''] = /\/sign-up\?invite=[\w-]+/.exec(program.said()) ?? [];
  const first = await sitDown(browser, program.url, undefined, link);
  await first.page.getByText('The first account runs the place').waitFor();
  await signUp(first);
  expect(first.page.url()).not.toContain('invite');
});

test('then accounts are by invitation, and nothing says that the next one runs the place', async () => {
  const { page } = await sitDown(browser, program.url);
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
  await page.getByText('New accounts are by invitation here').waitFor();
  expect(await page.getByRole('button', { name: 'Make one' }).count()).toBe(0);
});
