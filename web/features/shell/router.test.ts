import { expect, test } from 'vitest';
import { pathOf, routeOf } from './router.ts';

test('an address says what is shown, and what is looked for', () => {
  for (const query of ['', 'milk & eggs?', '100 %', '#home']) {
    const address = pathOf({ name: 'search', query });
    const [path = '', search = ''] = address.split('?');
    expect(routeOf(path, search)).toEqual({ place: { name: 'search', query }, task: null });
  }
  expect(routeOf('/project/p1', 'task=t1')).toEqual({ place: { name: 'project', id: 'p1' }, task: 't1' });
  expect(routeOf('/nowhere', '').place.name).toBe('today');
});
