import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { type StartedProgram, startProgram } from '../support/program.ts';
import { type SmtpSink, startSmtpSink, wordsOf } from '../support/smtp-sink.ts';
import { expectAccessible, lena, signUp, sitDown } from './person.ts';

let sink: SmtpSink;
let program: StartedProgram;
let browser: Browser;

beforeAll(async () => {
  sink = await startSmtpSink();
  const env = { SMTP_URL: sink.url, MAIL_FROM: 'tasks@example.test' };
  [program, browser] = await Promise.all([startProgram({ env }), launchBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await program?.stop();
  await sink?.stop();
});

const linkTo = async (email: string, subject: RegExp): Promise<string> => {
  await expect.poll(() => sink.to(email).some((one) => subject.test(one.subject))).toBe(true);
  const letter = sink.to(email).find((one) => subject.test(one.subject));
  const link = new URL(/https?:\/\/\S+/.exec(wordsOf(letter as never))?.[0] ?? '');
  return link.pathname + link.search;
};

test('an address is confirmed by a button behind the link, and changed by one at the new address', async () => {
  const seat = await sitDown(browser, program.url);
  const { page } = seat;
  await signUp(seat);
  await page.goto(await linkTo(lena.email, /your address/));
  await page.getByRole('heading', { name: 'Is this your address?' }).waitFor();
  await expectAccessible(seat, 'confirming an address');
  await page.getByRole('button', { name: 'Yes, it is mine' }).click();
  await page.getByRole('heading', { name: 'The address is yours' }).waitFor();
  await page.getByRole('link', { name: 'Go on to your tasks' }).click();
  await page.getByText('All on the server').waitFor();

  await page.goto('/settings');
  await page.getByRole('switch', { name: 'Reminders by mail' }).waitFor();
  await page.getByRole('button', { name: 'Change the address' }).click();
  await page.getByLabel('New address').fill('lena@new.example');
  await page.getByLabel('Your password').fill(lena.password);
  await expectAccessible(seat, 'changing the address');
  await page.getByRole('button', { name: 'Send the letter' }).click();
  await page.getByText('A letter is on its way to the new address').waitFor();
  const link = await linkTo('lena@new.example', /new address/);
  await page.goto(link);
  await page.getByRole('button', { name: 'Yes, it is mine' }).click();
  await page.getByRole('heading', { name: 'The address is yours' }).waitFor();
  await page.goto(link);
  await page.getByRole('button', { name: 'Yes, it is mine' }).click();
  await page.getByText('This link was used before').waitFor();
  expect(await page.getByRole('button').count()).toBe(0);
  for (const token of ['', '?token=', `?token=${'a'.repeat(2_100)}`]) {
    await page.goto(`/confirm-address${token}`);
    await page.getByRole('heading', { name: 'This link is not whole' }).waitFor();
    expect(await page.getByRole('button').count()).toBe(0);
  }
  await expectAccessible(seat, 'a link that is not whole');
  await page.goto('/settings');
  await page.getByText('lena@new.example').waitFor();
});
