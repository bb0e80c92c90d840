import { expect, test } from 'vitest';
import { wrongFields } from './wrong-fields.ts';

const paths = (email: string, more: { name?: string; password?: string } = {}, isNew = true) =>
  wrongFields({ name: 'Lena', password: 'long enough it is', ...more, email }, isNew).map(({ path }) => path);

test('an address without a name, a host or a dot is none', () => {
  for (const email of ['', 'lena', 'lena@', '@example.org', 'lena@example', 'a b@example.org', 'a@b@c.org', 'a@b..org'])
    expect([email, paths(email)]).toEqual([email, ['email']]);
  for (const email of ['lena@example.org', ' l.h+x@mail.example.co.uk ', 'léna@exämple.org'])
    expect([email, paths(email)]).toEqual([email, []]);
});
test('every field that is wrong is named, in the order of the form', () => {
  expect(paths('lena', { name: ' ', password: 'short' })).toEqual(['name', 'email', 'password']);
  // An account that is there has the name and the password that it has.
  expect(paths('lena@example.org', { name: '', password: 'short' }, false)).toEqual([]);
});
