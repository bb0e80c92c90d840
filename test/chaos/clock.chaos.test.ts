import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { befall } from './befall.ts';
import { type Clock, canMoveClocks, makeClock } from './clock.ts';
import type { Fault } from './faults.ts';
import { type Person, send, signUp, waitFor } from './person.ts';
import { copyProgram } from './program.ts';
import { SEED } from './random.ts';
import { say } from './say.ts';
import { Stage } from './stage.ts';

const HOUR = 60 * 60 * 1000;
const DAY = 24 * HOUR;
if (!canMoveClocks) say('moved clocks: not tested here, libfaketime is missing');

const copy = copyProgram();
afterAll(() => copy.remove());

/** Ends ahead of every time that was reached: what was planned in a future that was taken back has come by then. */
const moved = (clock: Clock): Fault => ({
  name: 'the clock +1 h, −1 h, +1 day, −1 day, +1 day +1 h',
  alone: true,
  async befall(stage) {
    for (const by of [HOUR, -HOUR, DAY, -DAY, DAY + HOUR]) {
      await stage.under(() => sleep(1_500));
      await stage.settle();
      clock.set(clock.now() + by);
      await noticed(stage, clock);
    }
    await stage.under(() => sleep(1_500));
  },
});

/** Until the database goes by it; the program notices within the same second. */
async function noticed(stage: Stage, clock: Clock): Promise<void> {
  const goesByIt = async () => {
    const [row] = await stage.sql<{ now: Date }>('select clock_timestamp() as now');
    return Math.abs((row?.now.getTime() ?? 0) - clock.now()) < 30_000;
  };
  expect(await waitFor(goesByIt, 60_000), 'the clock of the database is moved').toBe(true);
  await sleep(1_100);
}

test.skipIf(!canMoveClocks)('moved clocks make no reminder early, none double, and the late ones say why', async () => {
  const clock = makeClock();
  onTestFinished(clock.remove);
  const stage = await befall([moved(clock)], { folder: copy.folder, seed: SEED, env: clock.env, now: clock.now });
  const [late] = await stage.sql<{ count: number }>(
    `select count(*)::int as count from notification.ledger where channel = 'app' and late_reason is not null`,
  );
  say(`moved clocks: ${late?.count} reminders were late by it, and said why`);
  expect(late?.count).toBeGreaterThan(0);
});

/** Wall clocks in Berlin and the instants that they are, from the zone's rules and not from our code. */
const DAYS = [
  {
    // 02:00 becomes 03:00 at 01:00 UTC: 02:30 is not there, and means the first instant that is.
    day: '2027-03-28',
    from: '2027-03-28T00:40:00Z',
    due: {
      '01:59': '2027-03-28T00:59:00.000Z',
      '02:30': '2027-03-28T01:00:00.000Z',
      '03:15': '2027-03-28T01:15:00.000Z',
    },
  },
  {
    // 03:00 becomes 02:00 at 01:00 UTC: 02:30 is there twice, and means the first.
    day: '2027-10-31',
    from: '2027-10-30T23:20:00Z',
    due: {
      '01:30': '2027-10-30T23:30:00.000Z',
      '02:30': '2027-10-31T00:30:00.000Z',
      '03:15': '2027-10-31T02:15:00.000Z',
    },
  },
];

test.skipIf(!canMoveClocks || process.env.PROOF === 'short')(
  'on the days when clocks change, reminders come at the hour that people see',
  async () => {
    const clock = makeClock();
    onTestFinished(clock.remove);
    clock.set(Date.parse(DAYS[0]?.from ?? ''));
    const stage = await Stage.open({ folder: copy.folder, seed: SEED, people: 1, env: clock.env, now: clock.now });
    onTestFinished(() => stage.close());
    for (const { day, from, due } of DAYS) {
      clock.set(Date.parse(from));
      await noticed(stage, clock);
      const ann = await signUp(stage.url, 'ann', stage.sink);
      await ask(stage, ann, 'PATCH', '/api/me', { settings: { time_zone: 'Europe/Berlin' } });
      for (const [due_time, instant] of Object.entries(due)) {
        const body = { id: randomUUID(), title: due_time, due_date: day, due_time, reminders: [{ minutes_before: 0 }] };
        await ask(stage, ann, 'POST', '/api/tasks', body);
        const planned = `select due_at from notification.ledger where task_id = $1 and channel = 'app'`;
        await waitFor(async () => (await stage.sql(planned, [body.id])).length > 0, 60_000);
        expect(
          (await stage.sql(planned, [body.id])).map((row) => row.due_at.toISOString()),
          `${day} ${due_time}`,
        ).toEqual([instant]);
      }
      for (const instant of Object.values(due)) {
        const told = async () =>
          (
            await stage.sql(
              `select from notification.ledger where user_id = $1 and channel = 'app' and decided_at is not null`,
              [ann.id],
            )
          ).length;
        const before = await told();
        clock.set(Date.parse(instant) - 3_000);
        expect(await waitFor(async () => (await told()) === before + 1, 60_000), `${day} ${instant}`).toBe(true);
      }
      const early = await stage.sql(
        `select title, due_at, decided_at from notification.ledger where decided_at < due_at and "for" <> 'digest'`,
      );
      expect(early).toEqual([]);
      const late = await stage.sql(
        `select title, decided_at - due_at as late from notification.ledger where channel = 'app' and late_reason is not null`,
      );
      expect(late).toEqual([]);
    }
    say('clocks change in Berlin on 2027-03-28 and 2027-10-31: 6 reminders, each at its hour, none early, none twice');
  },
);

async function ask(stage: Stage, person: Person, method: string, path: string, body: unknown): Promise<void> {
  const answer = await send(stage.url, person, { method, path, body });
  expect(answer.status, answer.text).toBeLessThan(300);
}
