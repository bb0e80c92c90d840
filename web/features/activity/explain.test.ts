import type { AuditEntry } from '@taskmaster/contracts/audit/entry';
import { changeEventTypes } from '@taskmaster/contracts/events/types';
import { personalWorkspaceId } from '@taskmaster/domain/ids';
import { describe, expect, test } from 'vitest';
import { actsOf } from './acts.ts';
import { breakInWords } from './chain-words.ts';
import { explain, type Reader } from './explain.ts';
import { kindGroups } from './kinds.ts';

const reader: Reader = {
  user_id: 'lena',
  zone: 'Europe/Berlin',
  today: '2026-03-10',
  projectName: (id) => (id === 'home' ? 'Home' : undefined),
  taskTitle: (id) => (id === 't' ? 'Water the tomatoes' : undefined),
  people: new Map([['ben', 'Ben']]),
  entryOf: (id) => (id === 'cause' ? { seq: 48_188 } : undefined),
};
const entry = (type: string, payload: unknown, of: Partial<AuditEntry> = {}): AuditEntry => {
  const [, , resource_type = '', action = ''] = type.split('.');
  return {
    id: 'e',
    event_id: 'e',
    timestamp: '2026-03-10T13:05:00.000Z',
    chain: 'workspace:w',
    seq: 4,
    user_id: 'lena',
    actor: { kind: 'user', id: 'lena' },
    event_type: type,
    task_id: null,
    resource_type,
    resource_id: 'r',
    action,
    payload,
    correlation_id: null,
    sequence: 4,
    hash: '9f3c71ae',
    via: 'sync',
    causation_id: null,
    idempotency_key: 'op',
    ip: null,
    user_agent: null,
    ...of,
  };
};
const act = (action: string, of: Partial<AuditEntry> = {}, detail: object = {}) =>
  entry('com.todo.audit.recorded', { action, detail }, { resource_type: 'account', action, chain: 'user:lena', ...of });
const rows: Record<string, object> = {
  task: { id: 't', title: 'Water the tomatoes', due_date: '2026-03-13', due_time: null, due_zone: null },
  project: { id: 'p', name: 'Home' },
  tag: { id: 'g', name: 'bank' },
  reminder: { id: 'r', task_id: 't', series_id: null, minutes_before: 15, at: null, snooze: false },
  user: { id: 'lena', name: 'Lena', email: 'lena@example.test', role: 'user', settings: {} },
  workspace: { id: 'w', name: 'Lena & friends' },
};
const said = (one: AuditEntry): string => {
  const { who, did, what, from, to, why } = explain(one, reader);
  const arrow = from === undefined ? '' : ` ${from} → ${to}`;
  return `${[who, did, what].filter(Boolean).join(' ')}${arrow}${why ? ` (${why})` : ''}`;
};
const change = (entity: string, verb: string, changed: object = {}, after: object = {}, of: Partial<AuditEntry> = {}) =>
  said(entry(`com.todo.${entity}.${verb}`, { after: { ...rows[entity], ...after }, changed }, of));

describe('every kind of entry', () => {
  const types = [...changeEventTypes, 'com.todo.audit.recorded'];
  test.each(types)('%s has words, whoever did it, and where its person was erased', (type) => {
    const [, , entity = ''] = type.split('.');
    const payload = { after: rows[entity] ?? {}, changed: {}, action: 'signed_in', detail: {} };
    for (const one of [entry(type, payload), entry(type, null), entry(type, { after: {}, changed: {} })]) {
      for (const kind of ['user', 'token', 'agent', 'system']) {
        const words = said({ ...one, actor: { kind, id: kind === 'user' ? 'ben' : kind } });
        expect(words).toMatch(/^(Ben|A program|Assistant|TaskMaster) \w/);
        expect(words).not.toMatch(/undefined|null|NaN|\[object|com\.todo/);
      }
    }
  });

  test('can be chosen, each once', () => {
    const chosen = kindGroups.flatMap((group) => group.kinds.map((kind) => kind.type));
    expect([...chosen].sort()).toEqual([...types].sort());
  });
});

describe('a task', () => {
  test('is added, finished, opened again, deleted, brought back, put off', () => {
    expect(change('task', 'created')).toBe('You added Water the tomatoes (due Fri 13 March; on a device)');
    expect(change('task', 'completed')).toBe('You finished Water the tomatoes (on a device)');
    expect(change('task', 'reopened')).toBe('You opened again Water the tomatoes (on a device)');
    expect(change('task', 'deleted', {}, {}, { via: 'rest' })).toBe('You deleted Water the tomatoes (through the API)');
    expect(change('task', 'restored')).toBe('You brought back Water the tomatoes (on a device)');
    expect(change('task', 'snoozed')).toBe('You put off the reminder of Water the tomatoes (on a device)');
  });
  test('that comes again says why', () =>
    expect(
      change(
        'task',
        'created',
        {},
        {},
        {
          actor: { kind: 'system', id: 'recurring' },
          via: 'recurring',
          causation_id: 'cause',
        },
      ),
    ).toBe('TaskMaster made the next Water the tomatoes, Fri 13 March (because the one before was finished, #48,188)'));
  test('that was changed in one thing says from what to what', () => {
    expect(change('task', 'updated', { due_date: ['2026-03-11', '2026-03-13'] })).toBe(
      'You moved Water the tomatoes tomorrow → Fri 13 March (on a device)',
    );
    expect(change('task', 'updated', { due_time: ['09:00', null] })).toBe(
      'You moved Water the tomatoes Fri 13 March, 09:00 → Fri 13 March (on a device)',
    );
    expect(change('task', 'updated', { title: ['Water', 'Water the tomatoes'] })).toBe(
      'You renamed Water → Water the tomatoes (on a device)',
    );
    expect(change('task', 'updated', { priority: [null, 'high'] })).toBe(
      'You set the priority of Water the tomatoes none → high (on a device)',
    );
    expect(change('task', 'skipped', { due_date: ['2026-03-10', '2026-03-13'], slot: ['a', 'b'] })).toBe(
      'You skipped Water the tomatoes today → Fri 13 March (on a device)',
    );
  });
  test('that was changed in several says them all', () =>
    expect(change('task', 'updated', { project_id: [null, 'home'], position: ['a', 'b'], tags: [[], ['bank']] })).toBe(
      'You changed Water the tomatoes (moved to Home, + @bank; on a device)',
    ));
});

describe('what is not a task', () => {
  test('projects, tags, workspaces', () => {
    expect(change('project', 'created')).toBe('You made the project Home (on a device)');
    expect(change('project', 'updated', { name: ['House', 'Home'] })).toBe(
      'You renamed the project House → Home (on a device)',
    );
    expect(change('project', 'updated', { archived_at: [null, 'x'] })).toBe(
      'You archived the project Home (on a device)',
    );
    expect(change('tag', 'deleted')).toBe('You deleted the tag @bank (on a device)');
    expect(change('workspace', 'restored')).toBe('You brought back the workspace Lena & friends (on a device)');
  });
  test('reminders', () => {
    expect(change('reminder', 'created')).toBe('You set a reminder on Water the tomatoes (15 min before; on a device)');
    expect(change('reminder', 'created', {}, { minutes_before: null })).toBe(
      'You wanted no reminder of Water the tomatoes (on a device)',
    );
    expect(change('reminder', 'created', {}, { minutes_before: null, at: '2026-03-10T17:43:00Z', snooze: true })).toBe(
      'You asked to be reminded again of Water the tomatoes (at 18:43; on a device)',
    );
    expect(change('reminder', 'updated', { minutes_before: [60, 15] })).toBe(
      'You changed a reminder of Water the tomatoes 1 hour before → 15 min before (on a device)',
    );
    expect(change('reminder', 'deleted', {}, { task_id: null, series_id: 's' })).toBe(
      'You removed a reminder from a repeating task (on a device)',
    );
  });
  test('people', () => {
    const auth = { actor: { kind: 'system', id: 'auth' }, via: 'auth', resource_id: 'lena' };
    expect(change('user', 'created', {}, { role: 'admin' }, auth)).toBe(
      'You joined (the first account runs the place; on signing up or in)',
    );
    const settings = (was: object, is: object) =>
      change('user', 'updated', { settings: [was, is] }, {}, { resource_id: 'lena' });
    expect(settings({ time_zone: 'UTC' }, { time_zone: 'Europe/Berlin' })).toBe(
      'You changed your time zone UTC → Europe/Berlin (on a device)',
    );
    expect(settings({ quiet_hours: null }, { quiet_hours: { from: '21:30', to: '07:00' } })).toBe(
      'You changed your quiet hours none → 21:30 to 07:00 (on a device)',
    );
    expect(settings({ theme: 'dark', week_start: 1 }, { theme: 'light', week_start: 7 })).toBe(
      'You changed your settings (start of the week, theme; on a device)',
    );
  });
  test('what was refused', () => {
    const refused = (route: string, of = {}) => said(act('refused', of, { method: 'GET', route }));
    expect(refused('/api/me')).toBe('You were refused your account (GET /api/me)');
    expect(refused('/api/me', { user_id: 'ben', actor: { kind: 'user', id: 'ben' } })).toBe(
      'Ben was refused their account (GET /api/me)',
    );
    expect(refused('/api/elsewhere')).toBe('You were refused GET /api/elsewhere');
    expect(said(act('account_closed'))).toBe('You closed your account');
  });
  test('coming and going', () => {
    const from = {
      ip: '192.0.2.7',
      user_agent: 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0',
    };
    expect(said(act('signed_in', from))).toBe('You signed in (from 192.0.2.7, Firefox on Linux)');
    expect(said(act('signed_up', { ...from, user_id: 'ben', actor: { kind: 'user', id: 'ben' } }))).toContain(
      'Ben made an account',
    );
    const nobody = { user_id: null, actor: { kind: 'system', id: 'nobody known' }, chain: 'installation' };
    expect(said(act('sign_in_failed', { ...nobody, ip: '192.0.2.7' }))).toBe(
      'Somebody tried to sign in and was refused, with no known address (from 192.0.2.7)',
    );
    expect(said(act('sign_in_failed', { ...nobody, user_id: 'lena', ip: '192.0.2.7' }))).toBe(
      'Somebody tried to sign in to the account and was refused (from 192.0.2.7)',
    );
  });
});

test('what one act did stands together, what was asked for first', () => {
  const of = (seq: number, idempotency_key: string) => ({
    ...entry('com.todo.task.completed', {}),
    seq,
    idempotency_key,
  });
  const acts = actsOf([of(5, 'b'), of(4, 'a'), of(3, 'a'), of(2, 'a'), of(1, 'c')]);
  expect(acts.map(({ first, rest }) => [first.seq, rest.map((one) => one.seq)])).toEqual([
    [5, []],
    [2, [3, 4]],
    [1, []],
  ]);
});

test('a break names its chain, its entry and its kind', () => {
  const owner = { user_id: 'lena', workspace_id: 'w' };
  for (const why of ['changed', 'missing', 'inserted', 'cut', 'rewritten', 'columns', 'signature'] as const)
    expect(breakInWords({ chain: 'workspace:w', seq: 1031, why }, owner)).toMatch(/^In your tasks, at #1,031: \w.+\.$/);
  expect(breakInWords({ chain: 'user:lena', seq: 1, why: 'cut' }, owner)).toContain('your sign-ins');
  const ben = '01a1fef8-aebd-75de-9efc-c80b17ac7b4b';
  const others = { ...owner, people: new Map([[ben, 'Ben']]) };
  const his = `workspace:${personalWorkspaceId(ben)}`;
  expect(breakInWords({ chain: his, seq: 1, why: 'cut' }, others)).toContain('the tasks of Ben');
  expect(breakInWords({ chain: 'installation', seq: 1, why: 'cut' }, owner)).toContain('nobody known');
});
