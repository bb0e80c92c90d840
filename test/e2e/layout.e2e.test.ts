import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { type StartedProgram, startProgram } from '../support/program.ts';
import { goTo, quickAdd, type Seat, signUp, sitDown } from './person.ts';

const word = 'Donaudampfschifffahrtsgesellschaftskapitän'.repeat(3);
const lines = [
  'Call the electrician about the fuse box in the cellar tomorrow 16:00 @phone @waiting @house @renovation @money p2',
  'Send the signed lease back to the landlord by registered mail tomorrow @letters p1',
  `${word} @${'x'.repeat(60)}`,
].map((line) => `${line} #Home`);
const desktop = { width: 1440, height: 900 };
const phone = { width: 390, height: 844 };
/** What 1280 pixels are at a zoom of 400 % (WCAG 2.2, 1.4.10). */
const zoomed = { width: 320, height: 640 };

let program: StartedProgram;
let browser: Browser;
let seat: Seat;

beforeAll(async () => {
  [program, browser] = await Promise.all([startProgram(), launchBrowser()]);
  seat = await sitDown(browser, program.url);
  await signUp(seat);
  await seat.page.keyboard.press('q');
  await seat.page.getByLabel('New task, in plain words').fill(lines.join('\n'));
  await seat.page.keyboard.press('Enter');
  await goTo(seat, 'Home');
});
afterAll(async () => {
  await browser?.close();
  await program?.stop();
});

async function resize({ page }: Seat, size: { width: number; height: number }): Promise<void> {
  await page.setViewportSize(size);
  await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
}

/** What is drawn beyond the edges of the window, but for what can be pressed around something small. */
const beyond = ({ page }: Seat): Promise<string[]> =>
  page.evaluate(() =>
    [...document.querySelectorAll('body *')]
      .filter((one) => !one.matches('.shape-button, .hidden, .hidden *'))
      .filter((one) => {
        const { left, right, width } = one.getBoundingClientRect();
        return width > 0 && (left < -1 || right > innerWidth + 1);
      })
      .map((one) => `${one.tagName} ${one.className}`),
  );

const narrowestTitle = ({ page }: Seat): Promise<number> =>
  page.$$eval('.list .row', (rows) =>
    Math.min(
      ...rows.map((row) => {
        const words = row.querySelector('.row-title') as HTMLElement;
        const lines = words.getBoundingClientRect().height / 20;
        return lines < 1.5 ? 999 : words.getBoundingClientRect().width;
      }),
    ),
  );

test('titles are read beside an open task, on a tablet and a desktop', async () => {
  const { page } = seat;
  await page.getByRole('button', { name: /^Call the electrician/ }).click();
  await page.getByRole('complementary', { name: /^Task: Call/ }).waitFor();
  for (const size of [{ width: 820, height: 1180 }, { width: 1024, height: 768 }, desktop]) {
    await resize(seat, size);
    expect(await narrowestTitle(seat), `${size.width} wide`).toBeGreaterThan(180);
    expect(await beyond(seat), `${size.width} wide`).toEqual([]);
  }
});

test('a task with its fields open stays inside a phone, and inside a page at 400 %', async () => {
  const { page } = seat;
  await page.getByRole('button', { name: 'Tomorrow, 16:00', exact: true }).click();
  await page.getByRole('button', { name: 'Never', exact: true }).click();
  await page.getByLabel('Repeat, in plain words').fill('every other friday');
  for (const size of [phone, zoomed]) {
    await resize(seat, size);
    expect(await beyond(seat), `${size.width} wide`).toEqual([]);
  }
  await page.getByRole('button', { name: 'Close the task' }).click();
});

test('what was found is read on a phone', async () => {
  const { page } = seat;
  await resize(seat, phone);
  await goTo(seat, 'Find');
  await page.getByLabel('Find tasks').fill('the');
  await page.locator('.hit').nth(1).waitFor();
  expect(await narrowestTitle(seat)).toBeGreaterThan(180);
});

test('long words leave Undo, names and rows where they are', async () => {
  const { page } = seat;
  await resize(seat, desktop);
  await goTo(seat, 'Settings');
  await page.getByLabel('Name', { exact: true }).fill(word.slice(0, 100));
  await page.keyboard.press('Enter');
  await goTo(seat, 'Home');
  for (const size of [zoomed, phone, desktop]) {
    await resize(seat, size);
    await page.getByRole('checkbox', { name: word }).click();
    await page.getByRole('button', { name: 'Undo' }).waitFor();
    expect(await beyond(seat), `${size.width} wide`).toEqual([]);
    await page.getByRole('button', { name: 'Undo' }).click();
  }
  await quickAdd(seat, 'The end');
});

test('however much is pasted, what adds it stays in sight', async () => {
  const { page } = seat;
  await page.keyboard.press('q');
  const field = page.getByLabel('New task, in plain words');
  await field.fill(Array.from({ length: 80 }, (_, n) => `Line ${n}`).join('\n'));
  for (const size of [phone, desktop]) {
    await resize(seat, size);
    const box = await page.getByRole('button', { name: 'Add 80' }).boundingBox();
    expect((box?.y ?? 0) + (box?.height ?? 0), `${size.width} wide`).toBeLessThan(size.height);
  }
  await field.fill('');
  await page.keyboard.press('Escape');
});

test('what is late is moved from its own line', async () => {
  const { page } = seat;
  await goTo(seat, 'Today');
  await quickAdd(seat, 'Return the books yesterday');
  const late = page.locator('.group', { hasText: 'Overdue' });
  await late.getByRole('button', { name: 'Move it to today' }).click();
  await late.waitFor({ state: 'detached' });
  await page.getByRole('heading', { name: 'Today 1', exact: true }).waitFor();
});

test('notes that hold what is not shown are drawn without a complaint', async () => {
  const { page } = seat;
  await page.getByRole('button', { name: 'Return the books', exact: true }).click();
  await page.getByRole('button', { name: 'Write', exact: true }).click();
  await page.getByLabel('Notes, in Markdown').fill('Before <img src=x onerror=alert(1)> after\n\n> said');
  await page.keyboard.press('Control+Enter');
  await page.getByText('Before after').waitFor();
  await page.locator('.notes blockquote').waitFor();
  expect(seat.complaints).toEqual([]);
});

test('notes run nothing, whatever their Markdown holds', async () => {
  const { page } = seat;
  const attacks = [
    '[one](javascript:globalThis.ran=1)',
    '[two](JaVaScRiPt&colon;globalThis.ran=1)',
    '[three](data:text/html;base64,PHNjcmlwdD5nbG9iYWxUaGlzLnJhbj0xPC9zY3JpcHQ+)',
    '[four](vbscript:x "t" onmouseover=globalThis.ran=1 x="")',
    '<javascript:globalThis.ran=1>',
    '![five](x" onerror="globalThis.ran=1)',
    '<svg onload=globalThis.ran=1><a xlink:href=javascript:globalThis.ran=1>x</a></svg>',
    '<iframe srcdoc="<script>parent.ran=1</script>"></iframe>',
    '<details open ontoggle=globalThis.ran=1>x</details>',
    '<form action=https://evil.example><button>x</button></form>',
    '<style>*{background:url(https://evil.example/x)}</style><base href=https://evil.example>',
    '`</code><script>globalThis.ran=1</script>`',
    '<math><mtext><table><mglyph><style><img src=x onerror=globalThis.ran=1>',
    'the end of it',
  ];
  await page.getByRole('button', { name: 'Write', exact: true }).or(page.locator('.notes')).first().click();
  await page.getByLabel('Notes, in Markdown').fill(attacks.join('\n\n'));
  await page.keyboard.press('Control+Enter');
  await page.getByText('the end of it').waitFor();
  const found = await page.locator('.notes').evaluate((notes) => {
    const all = [...notes.querySelectorAll('*')];
    return {
      ran: (globalThis as { ran?: number }).ran,
      handlers: all.flatMap((one) => one.getAttributeNames().filter((name) => /^(on|style$|src|xlink)/.test(name))),
      tags: all
        .map((one) => one.tagName)
        .filter((tag) => /SCRIPT|IFRAME|SVG|IMG|FORM|STYLE|BASE|MATH|DETAILS/.test(tag)),
      links: [...notes.querySelectorAll<HTMLAnchorElement>('a[href]')]
        .map((one) => one.protocol)
        .filter((of) => !/^(https?|mailto):$/.test(of)),
    };
  });
  expect(found).toEqual({ ran: undefined, handlers: [], tags: [], links: [] });
  expect(seat.complaints).toEqual([]);
});
