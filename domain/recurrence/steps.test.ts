import { describe, expect, it } from 'vitest';
import type { Task } from '../task.ts';
import { done, occurrence, task } from './occurrence-for-tests.ts';
import { copiesOfOpenSubtasks, successorOf } from './successor.ts';

const AT = '2026-11-28T00:00:00.000Z';
const parent = done(occurrence('FREQ=WEEKLY', '2026-11-27', { id: 'parent' }), '2026-11-27');
const successor = successorOf(parent, AT) as Task;
const step = (id: string, more: Partial<Task> = {}) =>
  task({ id, title: id, parent_id: 'parent', project_id: 'project', ...more });
const ticked = {
  status: 'completed',
  completed_at: AT,
  completed_local: '2026-11-26T10:00',
  completion_id: 'before',
} as const;
const together = { ...ticked, completion_id: 'completion' } as const;
const titles = (steps: readonly Task[], which?: 'all' | 'untouched') =>
  copiesOfOpenSubtasks(parent, successor, steps, which).map(({ title }) => title);

describe('the steps of a repeating task', () => {
  it('come fresh into the next occurrence, ticked one by one or with their parent', () => {
    const copies = copiesOfOpenSubtasks(parent, successor, [
      step('early', ticked),
      step('together', together),
      step('open'),
    ]);
    expect(copies.map(({ title, status, parent_id }) => [title, status, parent_id])).toEqual([
      ['early', 'pending', successor.id],
      ['together', 'pending', successor.id],
      ['open', 'pending', successor.id],
    ]);
    for (const copy of copies)
      expect(copy).toMatchObject({ completed_at: null, completed_local: null, completion_id: null, version: 0 });
  });
  it('come only untouched where that is asked for', () => {
    expect(titles([step('early', ticked), step('together', together), step('open')], 'untouched')).toEqual([
      'together',
      'open',
    ]);
  });
  it('do not come if they are over for good', () => {
    expect(
      titles([
        step('deleted', { deleted_at: AT }),
        step('archived', { archived_at: AT }),
        step('withdrawn', { withdrawn: true }),
      ]),
    ).toEqual([]);
  });
  it('do not come if they repeat by themselves', () => {
    expect(titles([step('own', { recurrence: parent.recurrence, series_id: 'own' })])).toEqual([]);
  });
  it('have ids that every device derives alike, one for each occurrence', () => {
    const [first] = copiesOfOpenSubtasks(parent, successor, [step('a')]);
    const [again] = copiesOfOpenSubtasks(parent, successor, [step('b'), step('a', ticked)]).filter(
      ({ title }) => title === 'a',
    );
    expect(again?.id).toBe(first?.id);
    const later = successorOf(done({ ...successor, id: 'parent' }, '2026-12-04'), AT) as Task;
    expect(copiesOfOpenSubtasks(parent, later, [step('a')])[0]?.id).not.toBe(first?.id);
  });
  it('keep their order under each other, parents first, whatever order they come in', () => {
    const nested = [
      step('leaf', { parent_id: 'branch' }),
      step('branch'),
      step('leaf 2', { parent_id: 'branch', position: 'a1' }),
    ];
    const copies = copiesOfOpenSubtasks(parent, successor, nested);
    const branch = copies.find(({ title }) => title === 'branch');
    expect(copies[0]).toBe(branch);
    expect(copies.slice(1).every(({ parent_id }) => parent_id === branch?.id)).toBe(true);
    expect(copies.map(({ position }) => position).sort()).toEqual(['a0', 'a0', 'a1']);
  });
  it('leave out what hangs under a step that does not come', () => {
    expect(titles([step('gone', { deleted_at: AT }), step('below', { parent_id: 'gone' })])).toEqual([]);
    expect(titles([step('a', { parent_id: 'b' }), step('b', { parent_id: 'a' })])).toEqual([]);
  });
  it('are as far from the new slot as they were from the old one', () => {
    const [copy] = copiesOfOpenSubtasks(parent, successor, [
      step('the day before', { due_date: '2026-11-26', due_time: '18:00' }),
    ]);
    expect(copy).toMatchObject({ due_date: '2026-12-03', due_time: '18:00' });
    const moved = { ...parent, due_date: '2026-12-01' };
    expect(copiesOfOpenSubtasks(moved, successor, [step('same', { due_date: '2026-11-26' })])[0]?.due_date).toBe(
      '2026-12-03',
    );
  });
  it('go where their parent goes', () => {
    const there = { ...successor, project_id: 'elsewhere', section_id: 'section' };
    expect(copiesOfOpenSubtasks(parent, there, [step('a')])[0]).toMatchObject({
      project_id: 'elsewhere',
      section_id: 'section',
    });
  });
});
