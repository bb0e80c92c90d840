import { hashBefore, nextHash, toHex } from '@taskmaster/contracts/audit/chain';
import { expect, test } from 'vitest';
import { verifyText } from './verify-file.ts';

async function exported(count: number): Promise<string[]> {
  let hash = await hashBefore('user:lena');
  const lines: string[] = [];
  for (let seq = 1; seq <= count; seq++) {
    const stored = `{"entry":${seq}}`;
    hash = await nextHash(hash, stored);
    lines.push(JSON.stringify({ chain: 'user:lena', seq, hash: toHex(hash), stored, key: 'not looked at' }));
  }
  return lines;
}

test('an export verifies without a server, and a change in it is found', async () => {
  const lines = await exported(5);
  expect(await verifyText(`${lines.join('\n')}\n`)).toEqual({ entries: 5, chains: [{ chain: 'user:lena', seq: 5 }] });
  const changed = lines.with(2, (lines[2] ?? '').replace('entry', 'entri'));
  expect(await verifyText(changed.join('\n'))).toMatchObject({
    broken_at: { chain: 'user:lena', seq: 3, why: 'changed' },
  });
  expect(await verifyText(lines.toSpliced(1, 1).join('\n'))).toMatchObject({ broken_at: { seq: 2, why: 'missing' } });
});

test('a file that is no export is said to be none', async () => {
  expect(await verifyText('{"title":"a task"}')).toEqual({ unreadable: 1 });
  expect(await verifyText('shopping list')).toEqual({ unreadable: 1 });
});
