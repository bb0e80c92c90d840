import type { Browser, Locator } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { type StartedProgram, startProgram } from '../support/program.ts';
import { expectAccessible, goTo, quickAdd, type Seat, signUp, sitDown } from './person.ts';

let program: StartedProgram;
let browser: Browser;
let seat: Seat;

beforeAll(async () => {
  [program, browser] = await Promise.all([startProgram(), launchBrowser()]);
  seat = await sitDown(browser, program.url);
  await signUp(seat);
  await goTo(seat, 'Inbox');
});
afterAll(async () => {
  await browser?.close();
  await program?.stop();
});

const line = ({ page }: Seat) => page.getByLabel('New task, in plain words');
const title = ({ page }: Seat, name: string) => page.getByRole('button', { name, exact: true });
/** A picker goes on in the part where it was left. */
async function fromItsStart(picker: Locator): Promise<void> {
  await picker.blur();
  await picker.focus();
}
/** What is stored of the task whose panel is open. */
async function stored({ page, context }: Seat): Promise<Record<string, unknown>> {
  const id = new URL(page.url()).searchParams.get('task');
  return (await context.request.get(`/api/tasks/${id}`)).json();
}
/** As if another device did it. */
async function elsewhere({ page, context }: Seat, patch: object): Promise<void> {
  const id = new URL(page.url()).searchParams.get('task');
  const answer = await context.request.patch(`/api/tasks/${id}`, {
    data: patch,
    headers: { origin: program.url },
  });
  expect(answer.status()).toBe(200);
}

test('a date typed into the picker is saved whole, and only when it is meant', async () => {
  const { page } = seat;
  await quickAdd(seat, 'Order hinges tomorrow 09:00');
  await title(seat, 'Order hinges').click();
  const panel = page.getByRole('complementary', { name: 'Task: Order hinges' });
  await panel.getByRole('button', { name: 'Tomorrow, 09:00', exact: true }).click();
  const date = panel.getByLabel('Date', { exact: true });
  const before = await stored(seat);

  await fromItsStart(date);
  await date.pressSequentially('12252');
  await date.press('Escape');
  expect(await date.inputValue()).toBe(before.due_date);
  await fromItsStart(date);
  await date.pressSequentially('12250002');
  await date.press('Enter');
  await panel.getByText('Not a whole date from 1900 on').waitFor();
  await expectAccessible(seat, 'a date that is none');
  await date.press('Escape');
  expect((await stored(seat)).version).toBe(before.version);

  await fromItsStart(date);
  await date.pressSequentially('12252031');
  await panel.getByLabel('Time', { exact: true }).pressSequentially('0430PM');
  await page.keyboard.press('Enter');
  await panel.getByRole('button', { name: /^Thu 25 December 2031, 16:30/ }).waitFor();
  await expect.poll(async () => (await stored(seat)).due_time).toBe('16:30');
  expect((await stored(seat)).due_date).toBe('2031-12-25');
});

test('a change from elsewhere leaves what is being typed, in every field of a task', async () => {
  const { page } = seat;
  const panel = page.getByRole('complementary', { name: 'Task: Order hinges' });
  await panel.getByRole('button', { name: 'Never', exact: true }).click();
  const fields = ['Due, in plain words', 'Repeat, in plain words', 'Add a sub-task'];
  for (const [index, name] of fields.entries()) {
    const field = panel.getByLabel(name);
    await field.fill('every ');
    await elsewhere(seat, {
      due_date: `2032-01-0${index + 1}`,
      recurrence: { rule: `FREQ=DAILY;INTERVAL=${index + 2}` },
    });
    await panel
      .getByRole('button', { name: new RegExp(`${index + 1} January 2032`) })
      .first()
      .waitFor();
    await page.keyboard.type('week');
    expect(await field.inputValue(), name).toBe('every week');
    await field.fill('');
    await field.press('Escape');
  }
  await page.getByRole('button', { name: 'Close the task' }).click();
});

test('what the server would refuse is said in the line, and is not called added', async () => {
  const { page } = seat;
  await page.keyboard.press('q');
  await line(seat).fill('x'.repeat(501));
  await page.getByText('a title holds at most 500 characters').waitFor();
  await expectAccessible(seat, 'a title that is too long');
  await page.keyboard.press('Enter');
  await line(seat).fill(`Short\nLong ${'y'.repeat(500)}`);
  await page.keyboard.press('Enter');
  await page.getByText('Line 2: a title holds at most 500 characters').waitFor();
  await line(seat).fill('');
  await page.keyboard.press('Escape');
});

test('a line that was left is there again, and Back closes it and nothing else', async () => {
  const { page } = seat;
  await goTo(seat, 'Today');
  await goTo(seat, 'Inbox');
  await page.keyboard.press('q');
  await line(seat).fill('Half a thought');
  await page.mouse.click(5, 890);
  await line(seat).waitFor({ state: 'detached' });
  await page.keyboard.press('q');
  await page.getByText('Typed before and not added yet.').waitFor();
  expect(await line(seat).inputValue()).toBe('Half a thought');
  await page.goBack();
  await line(seat).waitFor({ state: 'detached' });
  await page.getByRole('heading', { name: 'Inbox' }).waitFor();
  await page.keyboard.press('q');
  await line(seat).press('Enter');
  await title(seat, 'Half a thought').waitFor();
  await page.keyboard.press('q');
  expect(await line(seat).inputValue()).toBe('');
  await page.keyboard.press('Escape');
  await line(seat).waitFor({ state: 'detached' });
  // A program presses Back sooner than a hand.
  await page.waitForFunction(() => !history.state?.over);
  await page.goBack();
  await page.getByRole('heading', { name: /day/, level: 1 }).waitFor();
});

test('a creation that was refused is written again', async () => {
  const { page, context } = seat;
  await context.route('**/ops', async (route) => {
    const body = route.request().postDataJSON();
    for (const op of body.ops) op.patch.title = '';
    await route.continue({ postData: JSON.stringify(body) });
  });
  await quickAdd(seat, 'Refused at first tomorrow p1 @shop');
  await page.getByRole('button', { name: /^Sync: 1 edit was refused/ }).click();
  await context.unroute('**/ops');
  await page.getByRole('button', { name: 'Write it again' }).click();
  expect(await line(seat).inputValue()).toMatch(/^Refused at first \d{4}-\d\d-\d\d @shop p1$/);
  await line(seat).press('Enter');
  await page.getByText('All on the server').waitFor();
  await goTo(seat, 'Inbox');
  await page.getByRole('checkbox', { name: 'Refused at first, high priority' }).waitFor();
});

test('a dialog opens at its heading, however much it holds', async () => {
  const { page, context } = seat;
  await context.route('**/api/**', (route) => route.abort('internetdisconnected'));
  await page.keyboard.press('q');
  await line(seat).fill(Array.from({ length: 30 }, (_, n) => `Offline ${n}`).join('\n'));
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: /^Sync: / }).click();
  const dialog = page.getByRole('dialog', { name: 'Sync' });
  await dialog.getByText('and 10 more').waitFor();
  expect(await dialog.evaluate((one) => [one.scrollTop, one.scrollHeight > one.clientHeight])).toEqual([0, true]);
  await page.goBack();
  await dialog.waitFor({ state: 'detached' });
  await context.unroute('**/api/**');
  await page.getByText('All on the server').waitFor({ timeout: 40_000 });
});

test('a project whose name is there already is not made twice', async () => {
  const { page } = seat;
  await quickAdd(seat, 'Sweep #Home');
  await page.getByRole('button', { name: 'New project' }).click();
  await page.getByLabel('Name', { exact: true }).fill(' hoME');
  await page.getByText('There is a project called “Home”').waitFor();
  await expectAccessible(seat, 'a name that is taken');
  await page.keyboard.press('Enter');
  await page.getByLabel('Name', { exact: true }).fill('Home 2');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Home 2' }).waitFor();
  expect(await page.getByRole('navigation', { name: 'Projects' }).getByRole('link').count()).toBe(2);
});

test('what was looked for is in the address: Back finds it again, and the name of a project finds it', async () => {
  const { page } = seat;
  await goTo(seat, 'Inbox');
  await quickAdd(seat, 'Milk and eggs');
  await page.keyboard.press('/');
  const field = page.getByLabel('Find tasks');
  await field.pressSequentially('milk egs');
  await title(seat, 'Milk and eggs').click();
  await page.getByRole('complementary', { name: 'Task: Milk and eggs' }).waitFor();
  await goTo(seat, 'Today');
  await page.goBack();
  await page.goBack();
  await title(seat, 'Milk and eggs').waitFor();
  expect(await field.inputValue()).toBe('milk egs');
  await page.reload();
  await title(seat, 'Milk and eggs').waitFor();

  await field.fill('home');
  await title(seat, 'Sweep').waitFor();
  await expectAccessible(seat, 'a project that was found');
  await page.locator('.hit').getByRole('link', { name: 'Home', exact: true }).click();
  await page.getByRole('button', { name: 'Change Home' }).waitFor();
  await page.goBack();
  await title(seat, 'Sweep').waitFor();
  expect(await field.inputValue()).toBe('home');
});
