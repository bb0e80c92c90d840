import type { Browser, Page, Response } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { type StartedProgram, startProgram } from '../support/program.ts';
import { goTo, quickAdd, type Seat, signUp, sitDown } from './person.ts';

let program: StartedProgram;
let browser: Browser;
let first: Seat;
let second: Seat;
/** What the server answered for each op, in the order of its answers. */
const answersByOp = new Map<string, string[]>();

async function note(answer: Response): Promise<void> {
  if (!answer.url().endsWith('/ops') || answer.request().method() !== 'POST') return;
  const { results } = (await answer.json()) as { results: { op: string; status: string }[] };
  for (const { op, status } of results) answersByOp.set(op, [...(answersByOp.get(op) ?? []), status]);
}

beforeAll(async () => {
  [program, browser] = await Promise.all([startProgram(), launchBrowser()]);
  first = await sitDown(browser, program.url);
  await signUp(first);
  first.context.on('response', (answer) => void note(answer).catch(() => undefined));
  const page: Page = await first.context.newPage();
  page.setDefaultTimeout(30_000);
  page.on('pageerror', (error) => first.complaints.push(error.message));
  second = { ...first, page };
  await page.goto('/');
  await page.getByText('All on the server').waitFor();
  for (const tab of [first, second]) await goTo(tab, 'Inbox');
});
afterAll(async () => {
  await browser?.close();
  await program?.stop();
});

const task = ({ page }: Seat, title: string) => page.getByRole('button', { name: title, exact: true });

/** What is in the server's log, oldest first. */
async function titlesOnServer(): Promise<string[]> {
  const answer = await first.context.request.get('/api/tasks?limit=200');
  const { items } = (await answer.json()) as { items: { title: string; created_at: string; version: number }[] };
  return items.sort((a, b) => a.version - b.version).map((one) => one.title);
}

test('what is written in one tab stands in the other', async () => {
  await quickAdd(first, 'From the first');
  await task(second, 'From the first').waitFor();
  await quickAdd(second, 'From the second');
  await task(first, 'From the second').waitFor();
  for (const tab of [first, second]) await tab.page.getByText('All on the server').waitFor();
});

test('both writing at once, each edit is taken once, none out of order', async () => {
  const numbers = [1, 2, 3, 4, 5, 6];
  await Promise.all(
    [first, second].map(async (tab, index) => {
      for (const number of numbers) await quickAdd(tab, `Tab ${index + 1} line ${number}`);
    }),
  );
  for (const tab of [first, second]) {
    for (const index of [1, 2]) for (const number of numbers) await task(tab, `Tab ${index} line ${number}`).waitFor();
    await tab.page.getByText('All on the server').waitFor();
  }
  const answers = [...answersByOp.values()];
  expect(answers.filter((one) => one.filter((status) => status === 'ok').length !== 1)).toEqual([]);
  expect(answers.flat().filter((status) => !['ok', 'dup'].includes(status))).toEqual([]);
  expect((await titlesOnServer()).length).toBe(2 + 2 * numbers.length);
});

test('what a tab wrote without the network is sent by the other one, in its order, when the first is closed', async () => {
  const { context } = first;
  await context.route('**/api/**', (route) => route.abort('internetdisconnected'));
  await quickAdd(second, 'Offline one');
  await task(first, 'Offline one').waitFor();
  await quickAdd(first, 'Offline two');
  await task(second, 'Offline two').waitFor();
  await quickAdd(second, 'Offline three');
  await task(first, 'Offline three').waitFor();
  await second.page.close();
  await context.unroute('**/api/**');
  await first.page.getByText('All on the server').waitFor({ timeout: 40_000 });
  await expect
    .poll(async () => (await titlesOnServer()).slice(-3))
    .toEqual(['Offline one', 'Offline two', 'Offline three']);
  expect([...answersByOp.values()].filter((one) => one.filter((status) => status === 'ok').length !== 1)).toEqual([]);
});

test('signing out in one tab shows the door in the other, and leaves nothing of either', async () => {
  const page = await first.context.newPage();
  await page.goto('/');
  await page.getByText('All on the server').waitFor();
  await goTo(first, 'Settings');
  await first.page.getByRole('button', { name: 'Sign out', exact: true }).click();
  for (const one of [first.page, page]) await one.getByRole('heading', { name: 'Good to see you' }).waitFor();
  await page.waitForTimeout(500);
  const left = () =>
    page.evaluate(async () => [(await indexedDB.databases()).map((one) => one.name), Object.keys(localStorage)]);
  expect(await left()).toEqual([[], []]);
  expect(first.complaints).toEqual([]);
});
