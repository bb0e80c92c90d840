import type { Task } from '@taskmaster/domain/task';
import { expect, test } from 'vitest';
import type { View } from '../../sync/view.ts';
import { countTasks, listPlace } from './lists.ts';

const task = (id: string, more: Partial<Task> = {}): Task =>
  ({
    id,
    title: id,
    status: 'pending',
    project_id: 'home',
    parent_id: null,
    position: id,
    due_date: null,
    deleted_at: null,
    completed_at: null,
    ...more,
  }) as unknown as Task;
const viewOf = (...tasks: Task[]): View =>
  ({
    all: () => tasks.filter((one) => one.deleted_at === null),
    get: (_: string, id: string) => tasks.find((one) => one.id === id),
  }) as unknown as View;
const none = new Set<string>();
const open = (view: View, place: string | null, lingering = none) =>
  listPlace(view, place, lingering).open.map(({ id }) => id);
const done = { status: 'completed', completed_at: '2026-11-21T09:00:00.000Z' } as const;

test('a sub-task stands below its parent while that is open', () => {
  expect(open(viewOf(task('a'), task('b', { parent_id: 'a' })), 'home')).toEqual(['a']);
});
test('an open sub-task of a parent that is done, deleted or elsewhere stands by itself', () => {
  const sub = task('b', { parent_id: 'a' });
  const at = { deleted_at: '2026-11-21T09:00:00.000Z' };
  for (const parent of [task('a', done), task('a', at), task('a', { project_id: 'work' })])
    expect(open(viewOf(parent, sub), 'home')).toEqual(['b']);
  expect(open(viewOf(sub), 'home')).toEqual(['b']);
  expect(open(viewOf(task('a', { ...done, project_id: null }), { ...sub, project_id: null }), null)).toEqual(['b']);
});
test('it stays where it was for the moment that its parent stays', () => {
  expect(open(viewOf(task('a', done), task('b', { parent_id: 'a' })), 'home', new Set(['a']))).toEqual(['a']);
});
test('a sub-task that is done is found at its parent, not among what is done', () => {
  const view = viewOf(task('a', done), task('b', { ...done, parent_id: 'a' }));
  expect(listPlace(view, 'home', none).done.map(({ id }) => id)).toEqual(['a']);
});
test('the sidebar counts what the list shows', () => {
  const view = viewOf(
    task('a'),
    task('b', { parent_id: 'a' }),
    task('c', done),
    task('d', { parent_id: 'c' }),
    task('e', { ...done, parent_id: 'c' }),
    task('f', { project_id: null }),
    task('g', { project_id: null, parent_id: 'f' }),
    task('h', { ...done, project_id: null }),
    task('i', { project_id: null, parent_id: 'h' }),
  );
  const counts = countTasks(view, 'Europe/Berlin', '2026-11-21');
  expect(counts.byProject.get('home')).toEqual({ open: open(view, 'home').length, done: 1 });
  expect(counts.byProject.get('home')?.open).toBe(2);
  expect(counts.inbox).toBe(open(view, null).length);
  expect(counts.inbox).toBe(2);
});
