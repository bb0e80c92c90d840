import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { expect } from 'vitest';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export interface Seat {
  context: BrowserContext;
  page: Page;
  /** What the console and the Content-Security-Policy complained of. */
  complaints: string[];
}

/** A browser of its own: nothing shared with another but the server. */
export async function sitDown(
  browser: Browser,
  url: string,
  size = { width: 1440, height: 900 },
  at = '/',
): Promise<Seat> {
  const context = await browser.newContext({
    viewport: size,
    timezoneId: 'Europe/Berlin',
    baseURL: url,
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const complaints: string[] = [];
  page.on('console', (message) => {
    // What the network says while a test has cut it is not a complaint of the page.
    if (message.type() === 'error' && !/ERR_INTERNET_DISCONNECTED/.test(message.text()))
      complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(at);
  return { context, page, complaints };
}

export const lena = { name: 'Lena Hartmann', email: 'lena@hartmann.example', password: 'correct horse battery' };

export async function signUp({ page }: Seat): Promise<void> {
  await page.getByLabel('Your name').fill(lena.name);
  await page.getByLabel('E-mail').fill(lena.email);
  await page.getByLabel('Password', { exact: true }).fill(lena.password);
  await page.getByRole('button', { name: 'Create account' }).click();
  await page.getByText('All on the server').waitFor();
}

export async function signIn({ page }: Seat): Promise<void> {
  // What the door shows depends on whether there was an account when it was opened.
  await page.reload();
  await page.getByLabel('E-mail').fill(lena.email);
  await page.getByLabel('Password', { exact: true }).fill(lena.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('All on the server').waitFor();
}

/** Types a line as a person does, and presses Enter. */
export async function quickAdd({ page }: Seat, line: string): Promise<void> {
  await page.keyboard.press('q');
  const field = page.getByLabel('New task, in plain words');
  await field.waitFor();
  await field.pressSequentially(line);
  await page.keyboard.press('Enter');
  await field.waitFor({ state: 'detached' });
  // The entry that it had in the browser's history is left a moment later; a reload just then would be cut off.
  await page.waitForFunction(() => !(history.state as { over?: boolean } | null)?.over);
}

export async function goTo({ page }: Seat, place: string): Promise<void> {
  await page.getByRole('navigation').getByRole('link', { name: place }).first().click();
}

/** Both look at the rent, which is due every 27th: one completes it, and the other sees the next one, without a reload. */
export async function completeElsewhere(watching: Seat, completing: Seat): Promise<void> {
  const when = watching.page.locator('.row', { hasText: 'Pay rent' }).locator('time').first();
  const first = await when.getAttribute('datetime');
  await completing.page.getByRole('checkbox', { name: 'Pay rent, high priority' }).click();
  await completing.page.getByText('Next on').waitFor();
  await expect.poll(() => when.getAttribute('datetime'), { timeout: 15_000 }).not.toBe(first);
  expect(await when.getAttribute('datetime')).toMatch(/-27T09:00$/);
}

/** Holds the page as it is now against WCAG 2.2 AA, as far as a machine can. */
export async function expectAccessible({ page }: Seat, where: string): Promise<void> {
  // Colours on their way from one theme to the other are neither's.
  await page.evaluate(async () => {
    await new Promise((painted) => requestAnimationFrame(() => requestAnimationFrame(painted)));
    await Promise.allSettled(
      document
        .getAnimations()
        .filter((one) => one.effect?.getComputedTiming().iterations !== Number.POSITIVE_INFINITY)
        .map((one) => one.finished),
    );
  });
  // Over the protocol, not as a script tag: the page's own policy would refuse that.
  await page.evaluate(axe);
  const found = await page.evaluate(async () => {
    const { violations } = await (
      globalThis as unknown as {
        axe: {
          run(o: object): Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }>;
        };
      }
    ).axe.run({
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    });
    return violations.map(
      ({ id, nodes }) =>
        `${id}: ${nodes
          .slice(0, 3)
          .map((node) => `${node.html.slice(0, 160)} — ${node.failureSummary.replace(/\s+/g, ' ').slice(0, 200)}`)
          .join(' | ')}`,
    );
  });
  expect(found, where).toEqual([]);
}
