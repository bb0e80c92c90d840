import { changeEventSchema, type Event, occurrenceDueSchema, taskSyncSchema } from '@taskmaster/contracts/events/event';
// The official JSON Schema of CloudEvents 1.0, compiled, as the CNCF's own package ships it.
import isCloudEvent from 'cloudevents/dist/schema/v1.js';
import pg from 'pg';
import { v7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Person, type RunningServices, runServices, until } from '../../../test/support/running-services.ts';
import { createLogSource } from './log-source.ts';

let services: RunningServices;
let ann: Person;
let events: Event[];
beforeAll(async () => {
  services = await runServices();
  ann = await services.person();
  await ann.call('POST', '/api/tasks/quick', { text: 'Pay rent every 27th at 9am #Home @bank p1 !30m before //note' });
  const [rent] = (await ann.call('GET', '/api/tasks')).json.items;
  await ann.call('PATCH', `/api/tasks/${rent.id}`, { title: 'Pay the rent', tags: ['money'], due_date: '2031-01-01' });
  await ann.call('POST', `/api/tasks/${rent.id}/snooze`, { until: '2031-01-01T08:00:00Z' });
  await ann.call('POST', `/api/tasks/${rent.id}/complete`, {});
  await until(async () => (await ann.call('GET', '/api/tasks')).json.items.length > 0, 'the successor');
  await ann.call('POST', `/api/tasks/${rent.id}/reopen`, {});
  await ann.call('POST', `/api/tasks/${rent.id}/skip`, {});
  await ann.call('DELETE', `/api/tasks/${rent.id}`);
  await ann.call('POST', `/api/tasks/${rent.id}/restore`, {});
  await ann.call('PATCH', '/api/me', { settings: { theme: 'dark' } });
  await ann.call('DELETE', `/api/projects/${rent.project_id}`);
  await ann.call('POST', `/api/projects/${rent.project_id}/restore`, {});
  events = (await createLogSource(services.api).events(ann.workspace, 1, 1000)).events;
});
afterAll(() => services.stop());

describe('the events of a log', () => {
  it('are CloudEvents 1.0 by the official schema, and what our own schema says', () => {
    expect(events.length).toBeGreaterThan(15);
    for (const event of events) {
      expect(isCloudEvent(event), event.type).toBe(true);
      expect(changeEventSchema.strict().safeParse(event).error).toBeUndefined();
    }
  });

  it('so are the runs for sockets and the events that are no change', async () => {
    const [range] = await createLogSource(services.api).range([{ workspace_id: ann.workspace, after: 0 }]);
    for (const event of range?.updates ?? []) {
      expect(isCloudEvent(event)).toBe(true);
      expect(taskSyncSchema.strict().safeParse(event).error).toBeUndefined();
    }
    const client = new pg.Client(services.connection);
    await client.connect();
    const { rows } = await client.query('select event from recurring.outbox');
    await client.end();
    expect(rows.length).toBeGreaterThan(0);
    for (const { event } of rows) {
      expect(isCloudEvent(event)).toBe(true);
      expect(occurrenceDueSchema.strict().safeParse(event).error).toBeUndefined();
    }
  });

  it('are one for each change, in its sequence, and the same whenever they are made', async () => {
    expect(events.map((event) => (event.data as { sequence: number }).sequence)).toEqual(
      events.map((_event, index) => index + 1),
    );
    for (const [from, to] of [
      [1, 3],
      [4, 9],
      [7, 7],
    ] as const) {
      const part = (await createLogSource(services.api).events(ann.workspace, from, to)).events;
      expect(part).toEqual(events.slice(from - 1, from - 1 + part.length));
      expect(part.length).toBeGreaterThan(0);
    }
  });

  it('of a thing changed a thousand times are read in bounded time and space', async () => {
    const many = await services.person('many');
    const task = (await many.call('POST', '/api/tasks', { title: 'much edited', notes: 'n'.repeat(2_000) })).json;
    const client_id = v7();
    for (let n = 0; n < 12; n++) {
      const ops = Array.from({ length: 100 }, (_, index) => ({
        op: v7(),
        n: n * 100 + index + 1,
        kind: 'update',
        entity: 'task',
        id: task.id,
        patch: { notes: `${n}:${index} ${'n'.repeat(2_000)}` },
      }));
      await many.call('POST', `/api/workspaces/${many.workspace}/ops`, { client_id, schema: 1, ops });
    }
    const [first] = await createLogSource(services.api).range([{ workspace_id: many.workspace, after: 0 }]);
    expect(first?.more).toBe(true);
    const notes = (first?.events ?? []).map((event) =>
      (event.data as { payload: { after: { notes?: string } } }).payload.after.notes?.slice(0, 4),
    );
    expect(notes.slice(3, 6)).toEqual(['0:0 ', '0:1 ', '0:2 ']);
  });

  it('show the row as it was after each change, not as it is now', () => {
    const titles = events
      .filter((event) => event.type === 'com.todo.task.created' || event.type === 'com.todo.task.updated')
      .map((event) => (event.data as { payload: { after: { title?: string } } }).payload.after.title);
    expect(titles.slice(0, 2)).toEqual(['Pay rent', 'Pay the rent']);
  });
});
