import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { expect, test } from 'vitest';
import { startSmtpSink } from '../support/smtp-sink.ts';
import { mails, watchMails } from './checks/mails.ts';
import { signUp, waitFor } from './person.ts';
import { copyProgram, databaseGone, freePort, type Program, startProgram, temporaryFolder } from './program.ts';
import { pushReminders } from './push-reminders.ts';
import { say } from './say.ts';

const REMINDERS = Number(process.env.REMINDERS ?? 5_000);
const PEOPLE = 20;
const KILLS = 5;
/** Milliseconds over which they are due. */
const WITHIN = Math.min(60_000, REMINDERS * 6);

test(`${REMINDERS} reminders due within ${WITHIN / 1000} s, killed ${KILLS} times in it: each told once, never early`, async () => {
  const copy = copyProgram();
  const data_dir = temporaryFolder('reminders');
  const port = await freePort();
  const sink = await startSmtpSink();
  const env = { SMTP_URL: sink.url, MAIL_FROM: 'tasks@example.test' };
  const start = (): Program => startProgram({ folder: copy.folder, data_dir, port, env });
  let program = start();
  try {
    await program.ready();
    const began = Date.now();
    const people = await Promise.all(
      Array.from({ length: PEOPLE }, (_, index) => signUp(program.url, `person-${index}`, sink)),
    );
    await watchMails(program.connection);
    // Asking takes as long as the machine is busy: the accounts have shown how much.
    const first = Date.now() + 5_000 + REMINDERS * 2.5 + (Date.now() - began) * 3;
    const due = () => new Date(first + Math.random() * WITHIN).toISOString();
    await Promise.all(
      people.map((person) => pushReminders(program.url, person, Array.from({ length: REMINDERS / PEOPLE }, due))),
    );
    expect(Date.now(), 'all were asked for before the first was due').toBeLessThan(first);
    let started = 0;
    const deaths: number[] = [];
    for (let kill = 1; kill <= KILLS; kill++) {
      await sleep(Math.max(first + (kill * WITHIN) / (KILLS + 1) - Date.now(), 0));
      await program.kill();
      deaths.push(Date.now());
      program = start();
      await program.ready();
      started = Date.now();
    }
    await sleep(Math.max(first + WITHIN - Date.now(), 0));
    const looking = new pg.Client(program.connection);
    await looking.connect();
    const one = async <Row extends pg.QueryResultRow>(text: string): Promise<Row> =>
      (await looking.query<Row>(text)).rows[0] as Row;
    const open = `select count(*)::int as n from notification.ledger where state in ('scheduled', 'decided', 'handing_over')`;
    await waitFor(async () => (await one<{ n: number }>(open)).n === 0, 120_000);
    const found = await one<Record<string, number>>(
      `select count(*) filter (where channel = 'app')::int as planned,
         count(*) filter (where channel = 'app' and state = 'handed_over')::int as decided,
         count(*) filter (where decided_at < due_at and channel = 'app')::int as early,
         count(*) filter (where channel = 'app' and late_reason is not null)::int as "late, and why",
         count(*) filter (where channel = 'app' and decided_at > due_at + interval '31 seconds' and late_reason is null)::int as unexplained,
         count(*) filter (where channel = 'mail')::int as letters,
         count(*) filter (where channel = 'mail' and state = 'handed_over')::int as "letters handed over",
         (extract(epoch from max(decided_at)) * 1000)::float8 as last
       from notification.ledger`,
    );
    const { shown, twice } = await one<{ shown: number; twice: number }>(
      `select count(*)::int as shown, count(*) filter (where times > 1)::int as twice from (
         select task_id, count(*) as times from (
           select task_id from notification.notification where task_id is not null
           union all select (e->>'task_id')::uuid from notification.notification n, jsonb_array_elements(n.entries) e
         ) each group by task_id) told`,
    );
    const mailed = await mails(looking, sink.taken, deaths);
    await looking.end();
    const { last, ...counts } = found;
    const table = {
      ...counts,
      'shown in the app': shown,
      'shown twice': twice,
      'letters taken': mailed.taken,
      'hand-overs in doubt when it was killed': mailed.doubtful,
      'letters taken again for that, same Message-ID': mailed.again,
      'letters lost': mailed.lost.length,
      'letters taken again without need': mailed.doubled.length,
      'last decision after the last start or due, ms': Math.round((last ?? 0) - Math.max(started, first + WITHIN)),
    };
    say(
      Object.entries(table)
        .map(([what, count]) => `${what.padEnd(50)} ${String(count).padStart(7)}`)
        .join('\n'),
    );
    expect(found).toMatchObject({ planned: REMINDERS, decided: REMINDERS, early: 0, unexplained: 0 });
    expect({ shown, twice }).toEqual({ shown: REMINDERS, twice: 0 });
    expect(found['letters handed over']).toBe(found.letters);
    expect({ lost: mailed.lost, doubled: mailed.doubled }).toEqual({ lost: [], doubled: [] });
  } finally {
    await program.kill();
    await databaseGone(data_dir);
    await sink.stop();
    copy.remove();
    rmSync(data_dir, { recursive: true, force: true, maxRetries: 5 });
  }
});
