import { randomUUID } from 'node:crypto';
import type { ChangeEvent } from '@taskmaster/contracts/events/event';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Person, type RunningServices, runServices, until } from '../../test/support/running-services.ts';

let services: RunningServices;
let ann: Person;
let bob: Person;
let owner: pg.Client;
beforeAll(async () => {
  services = await runServices();
  ann = await services.person('ann');
  bob = await services.person('bob');
  owner = new pg.Client(services.connection);
  await owner.connect();
});
afterAll(async () => {
  await owner.end();
  await services.stop();
});

const soon = (milliseconds: number) => new Date(Date.now() + milliseconds).toISOString();
const make = async (who: Person, body: object) => (await who.call('POST', '/api/tasks', body)).json;
const told = async (who: Person, query = '') =>
  (await who.call('GET', `/api/notifications${query}`)).json.items as {
    id: string;
    task_id: string;
    [field: string]: unknown;
  }[];
const ledger = async (who: Person, task: { id: string }) =>
  (await who.call('GET', `/api/reminders?task_id=${task.id}`)).json.items as { [field: string]: unknown }[];
const states = async (who: Person, task: { id: string }) =>
  (await ledger(who, task)).map((one) => `${one.for} ${one.state}`).sort();
const toldOf = (who: Person, task: { id: string }) =>
  until(async () => {
    const found = (await told(who)).filter((one) => one.task_id === task.id);
    return found.length > 0 && found;
  }, 'the notification');

/** As if this event had failed four times. @returns what its replay comes to */
async function buryAndReplay(event: ChangeEvent): Promise<string> {
  const { rows } = await owner.query(
    `insert into notification.dead_letter (id, consumer, event_id, workspace_id, sequence, event, attempts, error)
     values (gen_random_uuid(), 'notification', gen_random_uuid(), $1, $2, $3, 4, 'it broke') returning id`,
    [ann.workspace, event.data.sequence, event],
  );
  // The first account runs the place.
  return (await ann.call('POST', `/api/admin/notification/dead-letters/${rows[0].id}/replay`, {})).json.outcome;
}

describe('a dead letter that is applied late', () => {
  it('undoes nothing that came after it', async () => {
    const task = await make(ann, { title: 'First words', due_date: '2031-02-03', due_time: '10:00' });
    await ann.call('PATCH', `/api/tasks/${task.id}`, { title: 'Last words', due_date: '2031-02-04' });
    const plan = ['2031-02-03T10:00 withdrawn', '2031-02-04T10:00 scheduled'];
    await until(async () => (await states(ann, task)).join() === plan.join(), 'the plan');
    const { events } = await services.api.ask('events', { workspace_id: ann.workspace, from: 1, to: 10_000 });
    const ofTask = events.filter((event) => event.subject === task.id);
    expect(ofTask).toHaveLength(2);
    expect(await Promise.all(ofTask.map(buryAndReplay))).toEqual(['superseded', 'applied']);
    expect(await states(ann, task)).toEqual(plan);
    const titles = await owner.query('select title, due_date::text from notification.task where id = $1', [task.id]);
    expect(titles.rows).toEqual([{ title: 'Last words', due_date: '2031-02-04' }]);
  });

  it('is planned by what is known now, where the first that was told of a task came too late', async () => {
    const task = await make(ann, { title: 'Lost at first', due_date: '2031-03-03', due_time: '10:00' });
    await until(async () => (await states(ann, task)).length === 1, 'the plan');
    await ann.call('PATCH', `/api/tasks/${task.id}`, { title: 'Known by its change' });
    const known = async () =>
      (await owner.query('select title from notification.task where id = $1', [task.id])).rows[0].title;
    await until(async () => (await known()) === 'Known by its change', 'the change');
    // As if the first event had failed four times: nothing was planned.
    await owner.query('delete from notification.ledger where task_id = $1', [task.id]);
    const { events } = await services.api.ask('events', { workspace_id: ann.workspace, from: 1, to: 10_000 });
    const [created] = events.filter((event) => event.subject === task.id);
    expect(await buryAndReplay(created as ChangeEvent)).toBe('superseded');
    expect(await ledger(ann, task)).toMatchObject([{ title: 'Known by its change', state: 'scheduled' }]);
  });
});

describe('a reminder', () => {
  it('is told once, never early, and can be marked read, once for all devices', async () => {
    const at = soon(1500);
    const task = await make(ann, { title: 'Call the plumber', due_date: soon(3_600_000), reminders: [{ at }] });
    const [note] = await toldOf(ann, task);
    expect(note).toMatchObject({
      message: 'Call the plumber',
      user_id: ann.id,
      due_at: at,
      delivery_status: 'delivered',
    });
    expect(String(note?.sent_at) >= at).toBe(true);
    expect(note?.late_reason).toBeNull();
    const read = (await ann.call('PATCH', `/api/notifications/${note?.id}/mark_read`, {})).json;
    expect(read.read_at).toBeTruthy();
    expect((await ann.call('PATCH', `/api/notifications/${note?.id}/mark_read`)).json).toEqual(read);
    expect((await told(ann, '?unread_only=true')).filter((one) => one.task_id === task.id)).toEqual([]);
    expect(await states(ann, task)).toEqual([`${at} acknowledged`]);
  });

  it('is planned from the due, follows it when it moves, and is withdrawn with the task', async () => {
    const task = await make(ann, { title: 'Dentist', due_date: '2031-05-06', due_time: '10:00' });
    await until(async () => (await states(ann, task)).length === 1, 'the plan');
    expect(await ledger(ann, task)).toMatchObject([{ due_at: '2031-05-06T09:45:00.000Z', state: 'scheduled' }]);
    await ann.call('PATCH', `/api/tasks/${task.id}`, { due_date: '2031-05-07' });
    const moved = ['2031-05-06T10:00 withdrawn', '2031-05-07T10:00 scheduled'];
    await until(async () => (await states(ann, task)).join() === moved.join(), 'the move');
    await ann.call('PATCH', `/api/tasks/${task.id}`, { due_date: '2031-05-06', reminders: [{ minutes_before: 60 }] });
    const set = await until(async () => {
      const planned = (await ledger(ann, task)).filter((one) => one.state === 'scheduled');
      return planned.length === 1 && planned[0]?.due_at === '2031-05-06T09:00:00.000Z' && planned;
    }, 'an hour before');
    expect(set).toHaveLength(1);
    await ann.call('POST', `/api/tasks/${task.id}/complete`, {});
    await until(async () => (await states(ann, task)).every((one) => one.endsWith('withdrawn')), 'all withdrawn');
    await ann.call('POST', `/api/tasks/${task.id}/reopen`, {});
    await until(async () => (await states(ann, task)).filter((one) => one.endsWith('scheduled')).length === 1, 'again');
  });

  it('of a change of zone is planned anew; what was asked for after its time is written down', async () => {
    const eve = await services.person('eve');
    const task = await make(eve, { title: 'Judo', due_date: '2031-05-06', due_time: '17:45' });
    const past = await make(eve, { title: 'Over', due_date: '2020-05-06', due_time: '17:45' });
    await until(async () => (await states(eve, past)).join() === '2020-05-06T17:45 too_late', 'too late');
    await eve.call('PATCH', '/api/me', { settings: { time_zone: 'Europe/Berlin' } });
    await until(async () => (await ledger(eve, task))[0]?.due_at === '2031-05-06T15:30:00.000Z', 'the new zone');
    expect(await told(eve)).toEqual([]);
  });

  it('of a repeating task comes for each occurrence', async () => {
    const task = await make(ann, {
      title: 'Rent',
      due_date: '2031-01-31',
      due_time: '09:00',
      recurrence_pattern: 'monthly',
      reminders: [{ minutes_before: 30 }],
    });
    const { successor_id } = (await ann.call('POST', `/api/tasks/${task.id}/complete`, {})).json;
    await until(
      async () => (await states(ann, { id: successor_id })).join() === '2031-02-28T09:00 scheduled',
      'the next',
    );
    expect(await states(ann, task)).toEqual(['2031-01-31T09:00 withdrawn']);
  });

  it('that was shown goes when the task is done elsewhere, and comes back by a snooze', async () => {
    const task = await make(ann, { title: 'Water', reminders: [{ at: soon(300) }] });
    const [note] = await toldOf(ann, task);
    await ann.call('POST', `/api/tasks/${task.id}/snooze`, { until: soon(1000) });
    const both = await until(async () => {
      const found = (await told(ann)).filter((one) => one.task_id === task.id);
      return found.length === 2 && found;
    }, 'the snooze');
    expect(both.map((one) => one.id)).toContain(note?.id);
    await ann.call('POST', `/api/tasks/${task.id}/complete`, {});
    await until(async () => {
      const found = (await told(ann)).filter((one) => one.task_id === task.id);
      return found.every((one) => one.delivery_status === 'withdrawn');
    }, 'withdrawn');
  });
});

describe('late ones', () => {
  it('say why, and many of one person are told as one', async () => {
    const eve = await services.person('eve');
    const tasks = [];
    for (const title of ['one', 'two', 'three', 'four', 'five'])
      tasks.push(await make(eve, { title, reminders: [{ at: '2031-01-01T00:00:00Z' }] }));
    const lonely = await make(bob, { title: 'lonely', reminders: [{ at: '2031-01-01T00:00:00Z' }] });
    await until(async () => (await states(bob, lonely)).length === 1, 'planned');
    for (const task of tasks) await until(async () => (await states(eve, task)).length === 1, 'planned');
    await owner.query(
      `insert into notification.outage (from_at, to_at, reason) values (now() - interval '3 hours', now() - interval '1 second', 'down')`,
    );
    await owner.query(`update notification.ledger set due_at = now() - interval '2 hours' where title = any($1)`, [
      ['one', 'two', 'three', 'four', 'five', 'lonely'],
    ]);
    const [note] = await toldOf(bob, lonely);
    expect(note?.late_reason).toMatch(
      /^120 min late: the server was down from .*\d\d:\d\d to \d\d:\d\d\.$|^2 h late: the server was down from/,
    );
    const [digest, ...more] = await until(async () => {
      const found = await told(eve);
      return found.length > 0 && found;
    }, 'the digest');
    expect(more).toEqual([]);
    expect(digest).toMatchObject({ notification_type: 'digest', task_id: null, message: '5 reminders came late' });
    const titles = ((digest?.entries ?? []) as { title: string }[]).map((entry) => entry.title);
    expect(titles.sort()).toEqual(['five', 'four', 'one', 'three', 'two']);
    for (const task of tasks) expect((await ledger(eve, task))[0]).toMatchObject({ state: 'handed_over' });
  });
});

describe('what a person was told', () => {
  it('is theirs alone', async () => {
    const task = await make(ann, { title: 'hers', reminders: [{ at: soon(200) }] });
    const [note] = await toldOf(ann, task);
    expect((await bob.call('PATCH', `/api/notifications/${note?.id}/mark_read`, {})).status).toBe(404);
    expect((await bob.call('GET', `/api/${ann.id}/notifications`)).status).toBe(403);
    expect((await bob.call('PATCH', `/api/${ann.id}/notifications/${note?.id}/mark_read`, {})).status).toBe(403);
    expect((await told(bob)).filter((one) => one.user_id !== bob.id)).toEqual([]);
    expect(await ledger(bob, task)).toEqual([]);
    expect((await ann.call('GET', `/api/${ann.id}/notifications`)).json.items).toHaveLength((await told(ann)).length);
    const behind = new pg.Client({ ...services.connection, options: '-c role=taskmaster_notification' });
    await behind.connect();
    expect((await behind.query('select 1 from notification.notification')).rows).toEqual([]);
    await behind.query(`select set_config('app.user_id', $1, false)`, [bob.id]);
    expect((await behind.query('select 1 from notification.ledger where user_id <> $1', [bob.id])).rows).toEqual([]);
    await expect(behind.query('select 1 from notification.person')).rejects.toMatchObject({ code: '42501' });
    await behind.end();
  });

  it('is paged, counted, read all at once, and refuses what makes no sense', async () => {
    const eve = await services.person('eve');
    for (let n = 0; n < 3; n++) await make(eve, { title: `note ${n}`, reminders: [{ at: soon(100) }] });
    await until(async () => (await told(eve)).length === 3, 'three');
    const first = (await eve.call('GET', '/api/notifications?limit=2')).json;
    expect([first.items.length, first.unread]).toEqual([2, 3]);
    const rest = (await eve.call('GET', `/api/notifications?limit=2&cursor=${first.next_cursor}`)).json;
    expect([rest.items.length, rest.next_cursor]).toEqual([1, null]);
    expect(new Set([...first.items, ...rest.items].map((one: { id: string }) => one.id)).size).toBe(3);
    expect((await eve.call('POST', '/api/notifications/mark_all_read', {})).json).toEqual({ read: 3 });
    expect((await eve.call('GET', '/api/notifications?unread_only=true')).json).toMatchObject({ items: [], unread: 0 });
    expect((await eve.call('GET', '/api/notifications?cursor=nonsense')).status).toBe(422);
    expect((await eve.call('GET', '/api/reminders?state=nonsense')).status).toBe(422);
    expect((await eve.call('PATCH', `/api/notifications/${randomUUID()}/mark_read`, {})).status).toBe(404);
    expect((await eve.call('PATCH', `/api/notifications/${first.items[0].id}/mark_read`, { read: true })).status).toBe(
      422,
    );
  });
});
