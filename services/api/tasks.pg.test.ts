import { randomUUID } from 'node:crypto';
import { taskSchema } from '@taskmaster/contracts/http/tasks';
import { successorId } from '@taskmaster/domain/ids';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Person, type RunningServices, runServices, until } from '../../test/support/running-services.ts';

let services: RunningServices;
let ann: Person;
beforeAll(async () => {
  services = await runServices();
  ann = await services.person();
});
afterAll(() => services.stop());

const make = async (body: object, who = ann) => {
  const answer = await who.call('POST', '/api/tasks', body);
  expect(answer.status, answer.text).toBe(201);
  return answer.json;
};

describe('a task', () => {
  it('answers exactly the fields of its schema', async () => {
    const task = await make({
      title: 'Whole',
      priority: 'HIGH',
      tags: ['b', 'a'],
      due_date: '2027-03-01',
      due_time: '09:00',
      notes: '**x**',
    });
    expect(taskSchema.strict().safeParse(task).error).toBeUndefined();
    expect(task).toMatchObject({
      priority: 'high',
      tags: ['a', 'b'],
      due_at: '2027-03-01T09:00:00.000Z',
      reminders: [{ minutes_before: 15 }],
    });
  });

  it('takes a full timestamp as the local day and time in the caller’s zone', async () => {
    await ann.call('PATCH', '/api/me', { settings: { time_zone: 'Europe/Berlin' } });
    const task = await make({ title: 'Stamp', due_date: '2027-01-10T23:30:00Z' });
    expect(task).toMatchObject({
      due_date: '2027-01-11',
      due_time: '00:30',
      due_zone: 'Europe/Berlin',
      due_at: '2027-01-10T23:30:00.000Z',
    });
    await ann.call('PATCH', '/api/me', { settings: { time_zone: 'UTC' } });
  });

  it('keeps what a PATCH does not name, and clears what it sets to null', async () => {
    const task = await make({ title: 'Keep', priority: 'low', due_date: '2027-01-10', due_time: '08:00', tags: ['x'] });
    const patched = (await ann.call('PATCH', `/api/tasks/${task.id}`, { priority: null })).json;
    expect(patched).toMatchObject({ priority: null, due_time: '08:00', tags: ['x'], title: 'Keep' });
    const cleared = (await ann.call('PATCH', `/api/tasks/${task.id}`, { due_date: null })).json;
    expect(cleared).toMatchObject({ due_date: null, due_time: null });
    const tagged = (await ann.call('PATCH', `/api/tasks/${task.id}`, { tags: ['y'] })).json;
    expect(tagged.tags).toEqual(['y']);
  });

  it('refuses a change when If-Match names another version', async () => {
    const task = await make({ title: 'Versioned' });
    const stale = await ann.call(
      'PATCH',
      `/api/tasks/${task.id}`,
      { title: 'late' },
      { 'if-match': `"${task.version + 1}"` },
    );
    expect([stale.status, stale.json.code]).toEqual([412, 'version_mismatch']);
    const fresh = await ann.call(
      'PATCH',
      `/api/tasks/${task.id}`,
      { title: 'timely' },
      { 'if-match': `"${task.version}"` },
    );
    expect(fresh.status).toBe(200);
  });

  it('completes with its open sub-tasks in one act, and reopens with exactly those', async () => {
    const parent = await make({ title: 'Parent' });
    const open = await make({ title: 'open', parent_id: parent.id });
    const done = await make({ title: 'done', parent_id: parent.id });
    await ann.call('POST', `/api/tasks/${done.id}/complete`);
    await ann.call('POST', `/api/tasks/${parent.id}/complete`, {});
    const status = async (id: string) => (await ann.call('GET', `/api/tasks/${id}`)).json.status;
    expect(await status(open.id)).toBe('completed');
    await ann.call('POST', `/api/tasks/${parent.id}/reopen`, {});
    expect([await status(parent.id), await status(open.id), await status(done.id)]).toEqual([
      'pending',
      'pending',
      'completed',
    ]);
  });

  it('goes with its project in one act and comes back with it: exactly those', async () => {
    const project = (await ann.call('POST', '/api/projects', { name: 'Move' })).json;
    const kept = await make({ title: 'kept', project_id: project.id });
    const gone = await make({ title: 'gone before', project_id: project.id });
    await ann.call('DELETE', `/api/tasks/${gone.id}`);
    expect((await ann.call('DELETE', `/api/projects/${project.id}`)).status).toBe(204);
    expect((await ann.call('GET', `/api/tasks/${kept.id}`)).json.deleted_at).not.toBeNull();
    await ann.call('POST', `/api/projects/${project.id}/restore`, {});
    expect((await ann.call('GET', `/api/tasks/${kept.id}`)).json.deleted_at).toBeNull();
    expect((await ann.call('GET', `/api/tasks/${gone.id}`)).json.deleted_at).not.toBeNull();
  });

  it('deleted with its project is found there, and both come back together', async () => {
    const project = (await ann.call('POST', '/api/projects', { name: 'Listed' })).json;
    const kept = await make({ title: 'Goes with it', project_id: project.id });
    const ids = async (query: string) =>
      (await ann.call('GET', `/api/projects${query}`)).json.items.map((one: { id: string }) => one.id);
    expect(await ids('?status=deleted')).not.toContain(project.id);
    await ann.call('DELETE', `/api/projects/${project.id}`);
    expect(await ids('')).not.toContain(project.id);
    expect((await ids('?status=deleted'))[0]).toBe(project.id);
    await ann.call('POST', `/api/projects/${project.id}/restore`, {});
    expect(await ids('?status=deleted')).not.toContain(project.id);
    expect((await ann.call('GET', `/api/tasks/${kept.id}`)).json.deleted_at).toBeNull();
    expect((await ann.call('GET', '/api/projects?status=lost')).status).toBe(422);
  });

  it('restored is where it was: in its project, under its parent', async () => {
    const project = (await ann.call('POST', '/api/projects', { name: 'Stays' })).json;
    const parent = await make({ title: 'parent', project_id: project.id });
    const child = await make({ title: 'child', parent_id: parent.id });
    await ann.call('DELETE', `/api/tasks/${child.id}`);
    const back = (await ann.call('POST', `/api/tasks/${child.id}/restore`, {})).json;
    expect([back.project_id, back.parent_id]).toEqual([project.id, parent.id]);
  });

  it('restored into a project that is gone is in the Inbox', async () => {
    const project = (await ann.call('POST', '/api/projects', { name: 'Gone' })).json;
    const task = await make({ title: 'homeless', project_id: project.id });
    await ann.call('DELETE', `/api/tasks/${task.id}`);
    await ann.call('DELETE', `/api/projects/${project.id}`);
    expect((await ann.call('POST', `/api/tasks/${task.id}/restore`, {})).json.project_id).toBeNull();
  });

  it('tells its history: who, through what, old and new', async () => {
    const task = await make({ title: 'first', priority: 'low' });
    await ann.call('PATCH', `/api/tasks/${task.id}`, { title: 'second' });
    await ann.call('DELETE', `/api/tasks/${task.id}`);
    const { items } = (await ann.call('GET', `/api/tasks/${task.id}/history`)).json;
    expect(items.map((one: { kind: string }) => one.kind)).toEqual(['created', 'updated', 'deleted']);
    expect(items[1]).toMatchObject({
      changed: { title: ['first', 'second'] },
      via: 'rest',
      actor: { kind: 'user', id: ann.id },
    });
  });

  it('renamed tag is renamed on every task; deleted tag is taken off', async () => {
    const task = await make({ title: 'tagged', tags: ['Errand'] });
    const tag = (await ann.call('GET', '/api/tags')).json.items.find((one: { name: string }) => one.name === 'Errand');
    await ann.call('PATCH', `/api/tags/${tag.id}`, { name: 'shopping' });
    expect((await ann.call('GET', `/api/tasks/${task.id}`)).json.tags).toEqual(['shopping']);
    const renamed = (await ann.call('GET', '/api/tags')).json.items.find(
      (one: { name: string }) => one.name === 'shopping',
    );
    await ann.call('DELETE', `/api/tags/${renamed.id}`);
    expect((await ann.call('GET', `/api/tasks/${task.id}`)).json.tags).toEqual([]);
  });

  it('has exactly the reminders and tags of the last who set them, whoever sets them at once', async () => {
    const task = await make({ title: 'contested', due_date: '2027-01-01', due_time: '10:00', tags: ['start'] });
    const minutes = [10, 20, 30];
    await Promise.all(
      minutes.map((n) =>
        ann.call('PATCH', `/api/tasks/${task.id}`, { reminders: [{ minutes_before: n }], tags: [`t${n}`] }),
      ),
    );
    const now = (await ann.call('GET', `/api/tasks/${task.id}`)).json;
    expect(now.reminders).toHaveLength(1);
    expect(now.tags).toEqual([`t${now.reminders[0].minutes_before}`]);
  });

  it('keeps its reminders exactly: none on purpose, given ones, the default', async () => {
    const none = await make({ title: 'none', due_date: '2027-01-01', due_time: '10:00', reminders: [] });
    expect(none.reminders).toEqual([]);
    const given = await make({
      title: 'given',
      due_date: '2027-01-01',
      due_time: '10:00',
      reminders: [{ minutes_before: 60 }],
    });
    expect(given.reminders).toEqual([{ minutes_before: 60 }]);
    const changed = (
      await ann.call('PATCH', `/api/tasks/${given.id}`, { reminders: [{ minutes_before: 5 }, { minutes_before: 30 }] })
    ).json;
    expect(changed.reminders).toEqual([{ minutes_before: 5 }, { minutes_before: 30 }]);
    expect((await ann.call('GET', `/api/tasks/${given.id}`)).json.reminders).toEqual([
      { minutes_before: 5 },
      { minutes_before: 30 },
    ]);
  });
});

describe('plain language', () => {
  it.each(['p1', '#Home @bank p1', '//only a note'])('%j is a title, as there would be none', async (text) => {
    const { items } = (await ann.call('POST', '/api/tasks/quick/parse', { text })).json;
    expect(items).toMatchObject([{ title: text, project: null, priority: null, notes: '', tokens: [] }]);
    const made = await ann.call('POST', '/api/tasks/quick', { text });
    expect([made.status, made.json.items]).toMatchObject([
      201,
      [{ title: text, project_id: null, priority: null, tags: [], notes: '' }],
    ]);
  });
});

describe('a repeating task', () => {
  const weekly = { rule: 'FREQ=WEEKLY' };

  it('has one successor, however often and at once it is completed', async () => {
    const task = await make({ title: 'Weekly review', due_date: '2027-05-03', recurrence: weekly });
    await Promise.all(
      Array.from({ length: 8 }, () => ann.call('POST', `/api/tasks/${task.id}/complete`, { slot: task.slot })),
    );
    const next = await until(async () => {
      const { items } = (await ann.call('GET', '/api/tasks?q=weekly&status=pending')).json;
      return items.length > 0 && items;
    }, 'the successor');
    expect(next).toHaveLength(1);
    expect(next[0]).toMatchObject({
      id: successorId(task.series_id, task.slot),
      due_date: '2027-05-10',
      title: 'Weekly review',
    });
  });

  it('lets its successor be edited and completed by the derived id before the server has made it: one row, with the edits', async () => {
    const task = await make({ title: 'Race', due_date: '2027-06-01', recurrence: { rule: 'FREQ=DAILY' } });
    const derived = successorId(task.series_id, task.slot);
    const holder = new pg.Client(services.connection);
    await holder.connect();
    // The consumer that would have the successor made cannot move while its cursor is held.
    await holder.query('begin');
    await holder.query('select from recurring.cursor where workspace_id = $1 for update', [ann.workspace]);
    await ann.call('POST', `/api/tasks/${task.id}/complete`, {});
    expect((await ann.call('GET', `/api/tasks/${derived}`)).status).toBe(404);
    const edited = await ann.call('PATCH', `/api/tasks/${derived}`, {
      notes: 'early edit',
      priority: 'high',
      tags: ['early'],
    });
    expect(edited.json).toMatchObject({ id: derived, notes: 'early edit', due_date: '2027-06-02', tags: ['early'] });
    expect((await ann.call('POST', `/api/tasks/${derived}/complete`, {})).status).toBe(200);
    await holder.query('commit');
    await holder.end();
    const third = successorId(task.series_id, '2027-06-02');
    await until(async () => (await ann.call('GET', `/api/tasks/${third}`)).status === 200, 'the third');
    const { items } = (await ann.call('GET', '/api/tasks?q=race&status=all')).json;
    expect(items.map((one: { due_date: string }) => one.due_date).sort()).toEqual([
      '2027-06-01',
      '2027-06-02',
      '2027-06-03',
    ]);
    const history = (await ann.call('GET', `/api/tasks/${derived}/history`)).json.items.map(
      (one: { kind: string }) => one.kind,
    );
    expect(history).toEqual(['created', 'updated', 'completed']);
  });

  it('reopened takes an open successor back, and completed again has that very row again', async () => {
    const task = await make({ title: 'Undo me', due_date: '2027-07-01', recurrence: weekly });
    await ann.call('POST', `/api/tasks/${task.id}/complete`, {});
    const derived = successorId(task.series_id, task.slot);
    await until(async () => (await ann.call('GET', `/api/tasks/${derived}`)).status === 200, 'the successor');
    await ann.call('PATCH', `/api/tasks/${derived}`, { notes: 'kept through the undo' });
    await ann.call('POST', `/api/tasks/${task.id}/reopen`, {});
    expect((await ann.call('GET', `/api/tasks/${derived}`)).json.deleted_at).not.toBeNull();
    await ann.call('POST', `/api/tasks/${task.id}/complete`, {});
    const again = await until(async () => {
      const { json } = await ann.call('GET', `/api/tasks/${derived}`);
      return json.deleted_at === null && json;
    }, 'the same successor');
    expect(again.notes).toBe('kept through the undo');
  });

  it('skipped moves to its next slot: same row, no completion', async () => {
    const task = await make({ title: 'Skip me', due_date: '2027-08-02', recurrence: weekly });
    const skipped = (await ann.call('POST', `/api/tasks/${task.id}/skip`, {})).json;
    expect(skipped).toMatchObject({ id: task.id, due_date: '2027-08-09', slot: '2027-08-09', status: 'pending' });
  });

  it('refuses a foreign slot, and answers a second completion without an event', async () => {
    const task = await make({ title: 'Slots', due_date: '2027-09-01', recurrence: weekly });
    const foreign = await ann.call('POST', `/api/tasks/${task.id}/complete`, { slot: '2030-01-01' });
    expect([foreign.status, foreign.json.code]).toEqual([409, 'slot_mismatch']);
    const first = (await ann.call('POST', `/api/tasks/${task.id}/complete`, {})).json;
    const second = await ann.call('POST', `/api/tasks/${task.id}/complete`, {});
    expect([second.status, second.json.version]).toEqual([200, first.version]);
  });

  it('edited with scope=this gives its successor what the series keeps', async () => {
    const task = await make({ title: 'Series title', due_date: '2027-10-01', recurrence: weekly });
    await ann.call('PATCH', `/api/tasks/${task.id}?scope=this`, { title: 'Only today' });
    await ann.call('POST', `/api/tasks/${task.id}/complete`, {});
    const derived = successorId(task.series_id, task.slot);
    const next = await until(async () => {
      const answer = await ann.call('GET', `/api/tasks/${derived}`);
      return answer.status === 200 && answer.json;
    }, 'the successor');
    expect(next.title).toBe('Series title');
  });
});

describe('the same key', () => {
  it('with the same body has the same answer, and one effect, ten times at once', async () => {
    const key = randomUUID();
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => ann.call('POST', '/api/tasks', { title: 'Once' }, { 'idempotency-key': key })),
    );
    expect(new Set(answers.map((answer) => `${answer.status} ${answer.json.id}`)).size).toBe(1);
    expect((await ann.call('GET', '/api/tasks?q=once')).json.items).toHaveLength(1);
  });

  it('of another person is another key', async () => {
    const bob = await services.person('bob');
    const key = randomUUID();
    const hers = await ann.call('POST', '/api/tasks', { title: 'Hers' }, { 'idempotency-key': key });
    const his = await bob.call('POST', '/api/tasks', { title: 'Hers' }, { 'idempotency-key': key });
    expect(his.status).toBe(201);
    expect(his.json.id).not.toBe(hers.json.id);
  });
});
