import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { type StartedProgram, startProgram } from '../support/program.ts';
import { expectAccessible, goTo, signUp, sitDown } from './person.ts';

let program: StartedProgram;
let browser: Browser;

beforeAll(async () => {
  [program, browser] = await Promise.all([startProgram(), launchBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await program?.stop();
});

/** Words that stand in the files of parts which come after the first sight. */
const LATE = /New task, in plain words|Dates and zone|This task is not on this device/;

test('a part that cannot be fetched says so in its place, and the rest goes on', async () => {
  const seat = await sitDown(browser, program.url);
  const { page } = seat;
  // What it has kept is fetched past the cut.
  await seat.context.addInitScript(() => Reflect.deleteProperty(Navigator.prototype, 'serviceWorker'));
  await page.reload();
  let isCut = true;
  await page.route('**/_next/static/chunks/*.js', async (route) => {
    const answer = await route.fetch();
    if (isCut && LATE.test(await answer.text())) return route.abort('internetdisconnected');
    return route.fulfill({ response: answer });
  });
  await signUp(seat);
  const away = page.getByRole('heading', { name: 'This part could not be fetched' });

  await page.keyboard.press('q');
  await away.waitFor();
  await expectAccessible(seat, 'a part that could not be fetched');
  await page.keyboard.press('Escape');
  await away.waitFor({ state: 'detached' });

  await goTo(seat, 'Settings');
  await away.waitFor();
  await goTo(seat, 'Inbox');
  await away.waitFor({ state: 'detached' });
  await page.getByRole('heading', { name: 'Inbox', exact: true }).waitFor();

  await goTo(seat, 'Settings');
  await away.waitFor();
  isCut = false;
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByRole('heading', { name: 'Dates and zone' }).waitFor();

  // Asked for again, it is fetched again.
  await page.keyboard.press('q');
  const field = page.getByLabel('New task, in plain words');
  await field.fill('Water the ferns');
  await page.keyboard.press('Enter');
  await field.waitFor({ state: 'detached' });
  await goTo(seat, 'Inbox');
  await page.getByRole('button', { name: 'Water the ferns', exact: true }).click();
  await page.getByRole('textbox', { name: 'Title' }).waitFor();
  expect(seat.complaints.filter((one) => /Content Security|Hydration/.test(one))).toEqual([]);
});
