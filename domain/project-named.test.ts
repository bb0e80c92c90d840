import { expect, test } from 'vitest';
import { projectNamed } from './project-named.ts';

const made = (id: string, name: string, day: number) => ({ id, name, created_at: `2026-11-0${day}T09:00:00.000Z` });
const projects = [made('c', 'HOME', 3), made('a', 'home', 1), made('b', 'Home', 2), made('d', 'Home', 4)];

test('a name means the project spelled just so, the older of two', () => {
  expect(projectNamed(projects, 'Home')?.id).toBe('b');
  expect(projectNamed(projects, 'HOME')?.id).toBe('c');
});
test('else the oldest of those that differ in case alone', () => {
  expect(projectNamed(projects, 'hOmE')?.id).toBe('a');
  expect(projectNamed(projects, 'Garden')).toBeUndefined();
});
