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
});

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

/** Writes until it is told to stop; where no answer comes, the same request again. */
async function write(who: Person, told: Told, signal: AbortSignal): Promise<void> {
  const again = async (method: string, at: string, body: object) => {
    const headers = { 'idempotency-key': crypto.randomUUID() };
    for (;;) {
      const answer = await who.call(method, at, body, headers).catch(() => undefined);
      if (answer && answer.status < 500) return answer;
      await new Promise((go) => setTimeout(go, 100));
    }
  };
  while (!signal.aborted) {
    const made = await again('POST', '/api/tasks', {
      title: 'water',
      due_date: '2031-01-01',
      recurrence: { rule: 'FREQ=DAILY' },
    });
    expect(made.status, JSON.stringify(made.json)).toBe(201);
    told.created.add(made.json.id);
    const done = await again('POST', `/api/tasks/${made.json.id}/complete`, {});
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
  await until(async () => (await rows(behind)).length === 0, 'the audit log to have everything', 120);
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
  const [{ changes, entries } = { changes: -1, entries: -2 }] = await rows(
    `select (select count(*) from tasks.change)::int as changes,
       (select count(*) from audit.audit_logs where sequence is not null)::int as entries`,
  );
  expect(entries).toBe(changes);
  expect(told.completed.size).toBeGreaterThan(20);
}, 600_000);

const pidOf = (name: string): number | undefined => stack.processes().find((one) => one.name === name)?.pid;
