import { SYNC_SCHEMA } from '@taskmaster/contracts/sync/ops';
import { expect, test } from 'vitest';
import { readSnapshot, SCHEMA } from './transport.ts';

const begin = '{"begin":{"seq":3,"op":null,"epoch":"e","schema":1}}';
const row = '{"row":{"entity":"task","id":"t"}}';

test('the page speaks the schema of the contract', () => expect(SCHEMA).toBe(SYNC_SCHEMA));
test('a whole snapshot has its rows and its cursor', () => {
  const { cursor, rows } = readSnapshot(`${begin}\n${row}\n{"mine":[]}\n{"end":{"seq":3,"count":1}}\n`);
  expect(cursor).toEqual({ seq: 3, op: null, epoch: 'e' });
  expect(rows).toEqual([{ entity: 'task', row: { id: 't' } }]);
});
test('a snapshot without its end is no snapshot', () =>
  expect(() => readSnapshot(`${begin}\n${row}\n`)).toThrow('cut short'));
