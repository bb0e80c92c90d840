import { expect, test } from 'vitest';
import { typedAgain } from './typed-again.ts';

const nameOf = (id: string) => (id === 'p' ? 'Old house' : undefined);

test('a creation becomes the line that makes it', () => {
  const due = { due_date: '2027-01-04', due_time: '09:00', due_zone: null };
  const place = { project_id: 'p', section_id: null, parent_id: null, position: '' };
  expect(
    typedAgain({ title: 'Call', due, place, priority: 'low', tags: { add: ['a b', 'c'] }, notes: 'one line' }, nameOf),
  ).toEqual({ text: 'Call 2027-01-04 09:00 #"Old house" @"a b" @c p3 //one line', isWhole: true });
});
test('what a line does not say here is told apart', () => {
  expect(typedAgain({ title: 'Call', notes: 'two\nlines' }, nameOf)).toEqual({
    text: 'Call //two lines',
    isWhole: false,
  });
  expect(typedAgain({ title: 'Call', recurrence: { rule: 'FREQ=DAILY' } }, nameOf)).toEqual({
    text: 'Call',
    isWhole: false,
  });
});
