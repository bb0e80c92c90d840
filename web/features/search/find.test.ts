import type { Project, Task } from '@taskmaster/domain/task';
import { expect, test } from 'vitest';
import { findProjects, findTasks, marked } from './find.ts';

const task = (title: string, more: Partial<Task> = {}): Task =>
  ({
    id: title,
    title,
    notes: '',
    tags: [],
    status: 'pending',
    updated_at: '2026-01-01T00:00:00.000Z',
    ...more,
  }) as unknown as Task;
const titles = (tasks: Task[], query: string) => findTasks(tasks, query).map((one) => one.task.title);

test('a slip of one letter still finds', () => {
  expect(titles([task('Call the electrician'), task('Buy milk')], 'electrisian')).toEqual(['Call the electrician']);
});
test('swapped letters still find, in short words too', () => {
  const tasks = [task('Pay rent'), task('Buy milk')];
  expect(titles(tasks, 'pya rnet')).toEqual(['Pay rent']);
  expect(titles(tasks, 'imlk')).toEqual(['Buy milk']);
  expect(titles(tasks, 'pat')).toEqual([]);
});
test('three letters find a word of four, in the middle of a query', () => {
  expect(titles([task('Milk and eggs'), task('Milk the cow')], 'milk egs')).toEqual(['Milk and eggs']);
});
test('a project is found by its name, and its tasks with it, after those that say it themselves', () => {
  const projects = [
    { id: 'k', name: 'Kitchen rebuild' },
    { id: 'h', name: 'Home' },
  ] as Project[];
  const tasks = [
    task('Order hinges', { project_id: 'k' }),
    task('Clean the kitchen', { project_id: 'h' }),
    task('Rent', { project_id: 'h' }),
  ];
  const found = (query: string) => findTasks(tasks, query, projects).map((one) => one.task.title);
  expect(found('kitchen')).toEqual(['Clean the kitchen', 'Order hinges']);
  expect(found('kitchn hinges')).toEqual(['Order hinges']);
  expect(findProjects(projects, '#rebuild kitchen').map(({ project }) => project.id)).toEqual(['k']);
  expect(findProjects(projects, 'kitchen hinges')).toEqual([]);
  expect(findProjects(projects, ' ')).toEqual([]);
});
test('every word must be there, in whatever order', () => {
  expect(titles([task('Pay the rent'), task('Pay the tiler')], 'rent pay')).toEqual(['Pay the rent']);
});
test('a hit in the title comes before one in the notes, open before done', () => {
  const tasks = [
    task('Window', { notes: 'wait for the electrician' }),
    task('Old electrician', { status: 'completed' }),
    task('Electrician'),
  ];
  expect(titles(tasks, 'electrician')).toEqual(['Electrician', 'Old electrician', 'Window']);
});
test('accents and case do not matter, and the hit is marked as it is written', () => {
  const [found] = findTasks([task('Café buchen')], 'CAFE');
  expect(marked('Café buchen', found?.hits ?? []).map(({ text, isHit }) => [text, isHit])).toEqual([
    ['Café', true],
    [' buchen', false],
  ]);
});
test('nothing typed finds nothing', () => expect(findTasks([task('a task')], ' ')).toEqual([]));
