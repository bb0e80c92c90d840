import { setTimeout as sleep } from 'node:timers/promises';
import type { Person } from '../test/chaos/person.ts';
import { pushReminders } from '../test/chaos/push-reminders.ts';
import { type Figure, round } from './figures.ts';
import { watchOthers } from './machine.ts';
import type { Stand } from './stand.ts';

const PUSHED_WITHIN = 60_000;

/** All due at one instant, which is harder than in one minute: how long until the last of them is decided and shown. */
export async function remindersAtOnce(stand: Stand, people: readonly Person[], count: number): Promise<Figure> {
  const due = new Date(Date.now() + PUSHED_WITHIN).toISOString();
  const each = Array.from({ length: count / people.length }, () => due);
  for (const person of people) await pushReminders(stand.url, person, each);
  const ahead = Date.parse(due) - Date.now();
  if (ahead < 0) throw new Error('The reminders were not all asked for before they were due.');
  await sleep(ahead);
  const others = watchOthers();
  const look = async () =>
    (
      await stand.database.query<{ planned: number; decided: number; early: number; last: number; shown: number }>(
        `select count(*) as planned, count(*) filter (where state = 'handed_over') as decided,
           count(*) filter (where decided_at < due_at) as early,
           (extract(epoch from max(decided_at) - $1::timestamptz) * 1000)::float8 as last,
           (select count(*) from notification.notification where due_at = $1) as shown
         from notification.ledger where due_at = $1 and channel = 'app'`,
        [due],
      )
    ).rows[0];
  let found = await look();
  for (let wait = 0; found && found.decided < count && wait < 60_000; wait += 200) {
    await sleep(200);
    found = await look();
  }
  const share = others();
  if (found?.planned !== count || found.decided !== count || found.early !== 0)
    throw new Error(`reminders: ${JSON.stringify(found)} of ${count}`);
  return {
    what: `${count} reminders due at one instant`,
    value: `all decided and shown after ${round(found.last / 1000)} s, each once, none early`,
    spread: '',
    must: '10 s',
    reached: found.last <= 10_000,
    ...(share === undefined ? {} : { others: share }),
    numbers: { ...found },
  };
}
