import type { Browser } from 'playwright-core';
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
  laptop = await sitDown(browser, program.url, { width: 1280, height: 800 });
  await signUp(laptop);
  other = await sitDown(browser, program.url, { width: 1280, height: 800 });
  await signIn(other);
});
afterAll(async () => {
  await browser?.close();
  await program?.stop();
});

const open = ({ page }: Seat, title: string) => page.getByRole('button', { name: title, exact: true }).click();
const title = ({ page }: Seat) => page.getByRole('textbox', { name: 'Title' });
async function rename(seat: Seat, to: string): Promise<void> {
  await title(seat).fill(to);
  await title(seat).press('Enter');
}
const saved = ({ page }: Seat) => page.getByText('Saved on the server').waitFor({ timeout: 30_000 });
const close = ({ page }: Seat) => page.getByRole('button', { name: 'Close the task' }).click();

test('an edit that another device’s replaced unseen is offered on both, and can be brought back', async () => {
  await goTo(laptop, 'Inbox');
  await goTo(other, 'Inbox');
  await quickAdd(laptop, 'Plan the trip');
  await open(laptop, 'Plan the trip');
  await open(other, 'Plan the trip');
  await other.context.route('**/api/**', (route) => route.abort('internetdisconnected'));
  await other.context.setOffline(true);
  await rename(other, 'Plan the trip to Lisbon');
  await rename(laptop, 'Plan the trip to Porto');
  await saved(laptop);
  await other.context.unroute('**/api/**');
  await other.context.setOffline(false);
  await saved(other);
  for (const seat of [laptop, other]) {
    await seat.page.getByText('Your title replaced “Plan the trip to Porto”, also yours').waitFor();
    await expect.poll(() => title(seat).inputValue()).toBe('Plan the trip to Lisbon');
  }
  await expectAccessible(laptop, 'a kept edit');
  await laptop.page.getByRole('button', { name: /^Bring back/ }).click();
  for (const seat of [laptop, other]) {
    await expect.poll(() => title(seat).inputValue()).toBe('Plan the trip to Porto');
    await seat.page.getByText('Your title replaced').waitFor({ state: 'detached' });
    await close(seat);
  }
});

test('what is being written is not taken away by another device', async () => {
  await open(laptop, 'Plan the trip to Porto');
  await open(other, 'Plan the trip to Porto');
  await title(laptop).fill('Plan the trip, half a');
  await rename(other, 'Plan the journey');
  await saved(other);
  const latest = laptop.page.locator('.history-entry').first();
  await expect.poll(() => latest.innerText()).toContain('renamed from “Plan the trip to Porto”');
  expect(await title(laptop).inputValue()).toBe('Plan the trip, half a');
  await title(laptop).press('Escape');
  await expect.poll(() => title(laptop).inputValue()).toBe('Plan the journey');
  await close(laptop);
  await close(other);
});

test('a row that another device changes says so for a moment, one’s own does not', async () => {
  const arrived = ({ page }: Seat) => page.locator('.row[data-arrived]');
  await open(other, 'Plan the journey');
  const seen = arrived(laptop).waitFor();
  await rename(other, 'Plan the long journey');
  await seen;
  expect(await arrived(other).count()).toBe(0);
  await arrived(laptop).waitFor({ state: 'detached' });
  await close(other);
});

test('tags come and go in the panel, names are taken by Tab, and a move is taken back', async () => {
  const { page } = laptop;
  await quickAdd(laptop, 'Order hinges #Kitchen @shop');
  await page.keyboard.press('q');
  const field = page.getByLabel('New task, in plain words');
  await field.pressSequentially('Paint @sh');
  await page.getByRole('option', { name: /shop/ }).waitFor();
  await page.keyboard.press('Tab');
  await field.pressSequentially('#ki');
  await page.getByRole('option', { name: /Kitchen/ }).waitFor();
  await page.keyboard.press('Tab');
  expect(await field.inputValue()).toBe('Paint @shop #Kitchen ');
  await page.keyboard.press('Enter');
  await field.waitFor({ state: 'detached' });
  await goTo(laptop, 'Kitchen');
  await open(laptop, 'Paint');
  const tags = () => page.locator('.panel-tags .tag').allInnerTexts();
  const added = page.getByLabel('Tags', { exact: true });
  await added.fill('@Urgent');
  await added.press('Enter');
  await added.fill('half a na');
  await added.press('Escape');
  await expect.poll(tags).toEqual(['@shop', '@Urgent']);
  await page.getByRole('button', { name: 'Take off @shop' }).click();
  await expect.poll(tags).toEqual(['@Urgent']);
  expect(await page.evaluate(() => document.activeElement?.id)).toBe('new-tag');
  await page.getByLabel('Project', { exact: true }).selectOption({ label: 'Inbox' });
  await page.getByText('Moved to Inbox').waitFor();
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect
    .poll(() =>
      page.getByLabel('Project', { exact: true }).evaluate((one: HTMLSelectElement) => one.selectedOptions[0]?.text),
    )
    .toBe('Kitchen');
  await close(laptop);
  await goTo(laptop, 'Inbox');
});

test('boxes in notes are ticked where they stand, with the keyboard too', async () => {
  const { page } = laptop;
  await quickAdd(laptop, 'Shop');
  await open(laptop, 'Shop');
  await page.getByRole('button', { name: 'Write', exact: true }).click();
  await page.getByLabel('Notes, in Markdown').fill('For Sunday\n\n- [ ] milk\n- [x] eggs\n- [ ] **good** bread');
  await page.getByLabel('Notes, in Markdown').press('Control+Enter');
  const milk = page.getByRole('checkbox', { name: 'milk' });
  await milk.check();
  await expect.poll(() => milk.isChecked()).toBe(true);
  await page.getByRole('checkbox', { name: 'good bread' }).focus();
  await page.keyboard.press('Space');
  await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('good bread');
  await expect.poll(() => page.getByRole('checkbox', { name: 'good bread' }).isChecked()).toBe(true);
  await expectAccessible(laptop, 'notes with boxes');
  await page.getByRole('button', { name: 'Change', exact: true }).click();
  expect(await page.getByLabel('Notes, in Markdown').inputValue()).toBe(
    'For Sunday\n\n- [x] milk\n- [x] eggs\n- [x] **good** bread',
  );
  await page.getByLabel('Notes, in Markdown').press('Escape');
  await close(laptop);
});

test('a skip is taken back: the date and what follows are as before', async () => {
  const { page } = laptop;
  await quickAdd(laptop, 'Sweep every monday at 8');
  const when = page.locator('.row', { hasText: 'Sweep' }).locator('time').first();
  const before = await when.getAttribute('datetime');
  await open(laptop, 'Sweep');
  await page.getByRole('button', { name: 'Every Monday, 08:00' }).click();
  await page.getByRole('button', { name: 'Skip this one' }).click();
  await page.getByText('Skipped to Mon').waitFor();
  await expect.poll(() => when.getAttribute('datetime')).not.toBe(before);
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect.poll(() => when.getAttribute('datetime')).toBe(before);
  await page.getByText('All on the server').waitFor();
  await page.getByText('not skipped after all').waitFor();
});
