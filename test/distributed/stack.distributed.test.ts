import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Stack, startStack } from '../../scripts/stack/stack.mjs';
import { completeElsewhere, goTo, quickAdd, type Seat, signIn, signUp, sitDown } from '../e2e/person.ts';
import { launchBrowser } from '../support/browser.ts';
import { type Person, signUp as signUpByHttp, until } from '../support/running-services.ts';

let stack: Stack;
let browser: Browser;
let looking: pg.Client;
const folder = mkdtempSync(path.join(os.tmpdir(), 'tm-stack-'));
beforeAll(async () => {
  [stack, browser] = await Promise.all([
    startStack({ run_folder: folder, replicas: { sync: 2, notification: 2 }, env: { RATE_LIMIT: 'off' } }),
    launchBrowser(),
  ]);
  looking = new pg.Client({ connectionString: stack.database_url });
  await looking.connect();
});
afterAll(async () => {
  await looking?.end();
  await browser?.close();
  await stack?.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('five services on Dapr and Kafka', () => {
  let laptop: Seat;
  let other: Seat;

  test('are one program to whoever uses it: two browsers, and a task that repeats', async () => {
    laptop = await sitDown(browser, stack.url);
    await signUp(laptop);
    other = await sitDown(browser, stack.url);
    await signIn(other);
    await quickAdd(laptop, 'Pay rent every 27th at 9am #Home @bank p1');
    for (const seat of [laptop, other]) await goTo(seat, 'Home');
    await completeElsewhere(laptop, other);
    await laptop.page.getByText('All on the server').waitFor();
    expect(laptop.complaints).toEqual([]);
    expect(other.complaints).toEqual([]);
  });

  test('carry what one browser does to another at another instance of sync; where one is killed both heal by themselves', async () => {
    const sockets = async (url: string) =>
      Number(/^taskmaster_sockets\S* (\d+)$/m.exec(await (await fetch(`${url}/metrics`)).text())?.[1] ?? 0);
    const each = () => Promise.all(stack.instances('sync').map(({ url }) => sockets(url)));
    // Instances take turns: one of the two sits down again until they are apart.
    await until(
      async () => {
        await other.page.getByText('All on the server').waitFor();
        if ((await each()).every((count) => count > 0)) return true;
        await other.page.reload();
        return false;
      },
      'a socket at each instance',
      120,
    );
    for (const [turn, killed] of [undefined, 'sync-0', 'sync-1'].entries()) {
      const before = pidOf(killed ?? '');
      if (killed) await stack.kill(killed);
      for (const [seat, hears] of [
        [laptop, other],
        [other, laptop],
      ] as const) {
        const title = `Water the ${seat === laptop ? 'roses' : 'ferns'}, time ${turn + 1}`;
        await quickAdd(seat, `${title} #Home`);
        await hears.page.getByText(title, { exact: true }).waitFor({ timeout: 60_000 });
      }
      if (killed) await until(async () => ![undefined, before].includes(pidOf(killed)), `${killed} again`, 60);
    }
    for (const seat of [laptop, other]) await seat.page.getByText('All on the server').waitFor();
  });
});

test('a thousand operations at once: each has its effect once, everywhere', async () => {
  const people = await Promise.all(['dan', 'eve', 'fay', 'gil'].map((name) => signUpByHttp(stack.url, name)));
  const made = await Promise.all(
    Array.from({ length: 1_000 }, async (_, index) => {
      const answer = await insist(people[index % people.length] as Person, '/api/tasks', { title: `${index}` });
      expect(answer.status, JSON.stringify(answer.json)).toBe(201);
      return answer.json.id as string;
    }),
  );
  const ids = [...new Set(made)];
  expect(ids).toHaveLength(1_000);
  const audited = async () => {
    const { rows } = await looking.query<{ count: number }>(
      `select count(*)::int as count from audit.audit_logs where task_id = any($1) and sequence is not null`,
      [ids],
    );
    return rows[0]?.count;
  };
  await until(async () => (await audited()) === 1_000, 'every entry of the audit log', 120);
  const behind = (consumer: string) =>
    `select w.id from tasks.workspace w left join ${consumer}.cursor c on c.workspace_id = w.id and c.consumer = '${consumer}'
     where w.head <> coalesce(c.sequence, 0)`;
  for (const consumer of ['recurring', 'notification', 'audit'])
    await until(
      async () => (await looking.query(behind(consumer))).rowCount === 0,
      `${consumer} to have everything`,
      120,
    );
  expect(await audited()).toBe(1_000);
}, 300_000);

test('each service says its own acts: what it refused is in the audit log of whom it refused', async () => {
  const [ann, ben] = await Promise.all(['ann', 'ben'].map((name) => signUpByHttp(stack.url, name)));
  if (!ann || !ben) throw new Error('Nobody signed up.');
  expect((await ann.call('GET', `/api/${ben.id}/notifications`)).status).toBe(403);
  expect((await ann.call('GET', `/api/${ben.id}/audit_logs`)).status).toBe(403);
  expect((await ann.call('GET', `/api/${ben.id}/tasks`)).status).toBe(403);
  const refused = async () => {
    const { items } = (await ann.call('GET', '/api/audit-logs?limit=50')).json as { items: { action: string }[] };
    return items.filter(({ action }) => action === 'refused').length === 3;
  };
  await until(refused, 'the three refusals');
});

test('nobody but its sidecar reaches what a service has for it, another app on the same Dapr neither', async () => {
  const sync = stack.sidecar('sync');
  const api = stack.sidecar('api');
  const body = JSON.stringify({
    id: crypto.randomUUID(),
    type: 'com.todo.task.created',
    data: { workspace_id: crypto.randomUUID() },
  });
  const post = (url: string, headers: Record<string, string> = {}) =>
    fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });
  for (const path of ['events/task-events', 'observe/task-updates', 'job/x', 'cron/every-second', 'ask/heads']) {
    // From anywhere; with a wrong token; by another app's sidecar, which ours lets through.
    expect((await post(`${api.service_url}/${path}`)).status, path).toBe(403);
    expect((await post(`${api.service_url}/${path}`, { 'dapr-api-token': 'x'.repeat(48) })).status, path).toBe(403);
    const invoked = await post(`${sync.url}/v1.0/invoke/${api.app_id}/method/${path}`, {
      'dapr-api-token': sync.dapr_api_token,
    });
    expect([401, 403], path).toContain(invoked.status);
  }
  expect((await fetch(`${api.service_url}/dapr/subscribe`)).status).toBe(404);
  expect((await post(`${sync.url}/v1.0/invoke/${api.app_id}/method/ask/heads`)).status).toBe(401);
});

/** What was acknowledged, and what has to come of it. */
interface Told {
  readonly created: Set<string>;
  readonly completed: Set<string>;
}

/** Where no answer comes, or none is to be had now, the same request again. */
async function insist(who: Person, at: string, body: object): ReturnType<Person['call']> {
  const headers = { 'idempotency-key': crypto.randomUUID() };
  for (;;) {
    const answer = await who.call('POST', at, body, headers).catch(() => undefined);
    if (answer && answer.status < 500) return answer;
    await new Promise((go) => setTimeout(go, 100));
  }
}

/** Writes until it is told to stop. */
async function write(who: Person, told: Told, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const made = await insist(who, '/api/tasks', {
      title: 'water',
      due_date: '2031-01-01',
      recurrence: { rule: 'FREQ=DAILY' },
    });
    expect(made.status, JSON.stringify(made.json)).toBe(201);
    told.created.add(made.json.id);
    const done = await insist(who, `/api/tasks/${made.json.id}/complete`, {});
    expect(done.status, JSON.stringify(done.json)).toBe(200);
    told.completed.add(made.json.id);
  }
}

test('each process killed while people write: nothing acknowledged is lost, and everything comes of it, once', async () => {
  const people = await Promise.all(['ann', 'ben', 'cem'].map((name) => signUpByHttp(stack.url, name)));
  const told: Told = { created: new Set(), completed: new Set() };
  const stop = new AbortController();
  const writing = people.map((who) => write(who, told, stop.signal));
  const names = stack
    .processes()
    .map(({ name }) => name)
    .filter((name) => name !== 'database');
  for (const name of names) {
    const killed = stack.processes().find((one) => one.name === name)?.pid;
    if (killed) process.kill(killed, 'SIGKILL');
    await until(async () => ![undefined, killed].includes(pidOf(name)), `${name} again`, 60);
    await new Promise((go) => setTimeout(go, 500));
  }
  stop.abort();
  await Promise.all(writing);

  const rows = async (text: string) => (await looking.query(text)).rows;
  const behind = `select w.id, w.head, c.consumer, c.sequence from tasks.workspace w cross join (values ('audit')) as x(consumer)
    left join audit.cursor c on c.workspace_id = w.id and c.consumer = x.consumer where w.head > coalesce(c.sequence, 0)`;
  const ids = [...told.created];
  const { rows: there } = await looking.query('select id from tasks.task where id = any($1)', [ids]);
  expect(there).toHaveLength(ids.length);
  const successors = async () =>
    (
      await looking.query<{ of: number }>(
        `select (select count(*) from tasks.task s where s.series_id = t.series_id and s.id <> t.id)::int as of
         from tasks.task t where t.id = any($1)`,
        [[...told.completed]],
      )
    ).rows.map((row) => row.of);
  await until(async () => (await successors()).every((count) => count >= 1), 'every successor', 120);
  expect(new Set(await successors())).toEqual(new Set([1]));
  // Last: successors are changes too.
  await until(async () => (await rows(behind)).length === 0, 'the audit log to have everything', 120);
  const [{ changes, entries } = { changes: -1, entries: -2 }] = await rows(
    `select (select count(*) from tasks.change)::int as changes,
       (select count(*) from audit.audit_logs where sequence is not null)::int as entries`,
  );
  expect(entries).toBe(changes);
  expect(told.completed.size).toBeGreaterThan(20);
}, 600_000);

const pidOf = (name: string): number | undefined => stack.processes().find((one) => one.name === name)?.pid;
