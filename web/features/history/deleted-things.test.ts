import type { Project } from '@taskmaster/domain/task';
import { expect, test } from 'vitest';
import { deletedThings } from './deleted-things.ts';

const at = (hour: string) => `2026-11-21T${hour}:00:00.000Z`;
const task = (id: string, project_id: string | null, deleted_at: string) => ({
  id,
  title: id,
  priority: null,
  project_id,
  deleted_at,
  updated_at: deleted_at,
});
const project = (id: string, deleted_at: string) => ({ id, name: id, color: 'blue', deleted_at }) as Project;

test('a project stands before what went with it, and says how much that is', () => {
  const tasks = [task('late', null, at('12')), task('with', 'home', at('10')), task('before', 'home', at('09'))];
  const things = deletedThings(tasks, [project('home', at('10'))]);
  expect(things.map(({ id }) => id)).toEqual(['late', 'home', 'with', 'before']);
  expect(things[1]).toMatchObject({ kind: 'project', words: 'with its task', task_ids: ['with'] });
});
test('where not every task was read, no number is said', () => {
  const tasks = Array.from({ length: 200 }, (_, n) => task(`t${n}`, 'home', at('10')));
  expect(deletedThings(tasks, [project('home', at('10'))])[0]?.words).toBe('with its tasks');
});
