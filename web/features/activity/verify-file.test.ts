import { generateKeyPairSync, sign } from 'node:crypto';
import { canonical, hashBefore, nextHash, toHex } from '@taskmaster/contracts/audit/chain';
import { verifyExport } from '@taskmaster/contracts/audit/verify-export';
import { expect, test } from 'vitest';
import { beginningsInWords } from './chain-words.ts';
import { verifyText } from './verify-file.ts';

const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const public_key = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex');
const sealed = (said: object) =>
  JSON.stringify({
    ...said,
    public_key,
    signature: sign(null, Buffer.from(canonical({ ...said, public_key })), privateKey).toString('hex'),
  });

async function exported(count: number): Promise<string[]> {
  let hash = await hashBefore('user:lena');
  const lines: string[] = [];
  for (let seq = 1; seq <= count; seq++) {
    const stored = `{"entry":${seq}}`;
    hash = await nextHash(hash, stored);
    lines.push(JSON.stringify({ chain: 'user:lena', seq, hash: toHex(hash), stored }));
  }
  const at = '2027-01-01T00:00:00.000Z';
  return [
    sealed({ at, scope: 'person', chains: { 'user:lena': { from: [0, ''], head: [count, toHex(hash)] } } }),
    ...lines,
  ];
}

test('an export verifies without a server, and a change in it is found', async () => {
  const lines = await exported(5);
  expect(await verifyText(`${lines.join('\n')}\n`)).toEqual({
    entries: 5,
    chains: [{ chain: 'user:lena', seq: 5 }],
    at: '2027-01-01T00:00:00.000Z',
    public_keys: [public_key],
    checkpoints: 0,
  });
  const found = async (text: string) => ((await verifyText(text)) as { broken_at?: object }).broken_at;
  const chain = 'user:lena';
  expect(await found(lines.with(3, (lines[3] ?? '').replace('entry', 'entri')).join('\n'))).toEqual({
    chain,
    seq: 3,
    why: 'changed',
  });
  expect(await found(lines.toSpliced(2, 1).join('\n'))).toEqual({ chain, seq: 2, why: 'missing' });
  expect(await found(lines.slice(0, -1).join('\n'))).toEqual({ chain, seq: 5, why: 'cut' });
  expect(await found(lines.slice(0, 1).join('\n'))).toEqual({ chain, seq: 1, why: 'cut' });
  expect(await found(lines.slice(1).join('\n'))).toMatchObject({ why: 'unsealed' });
  const strange = JSON.stringify({ ...JSON.parse(lines[2] ?? ''), key: 'ab'.repeat(32) });
  expect(await found(lines.with(2, strange).join('\n'))).toEqual({ chain, seq: 2, why: 'key' });
  const shorter = (lines[0] ?? '').replace('"head":[5', '"head":[4');
  expect(await found([shorter, ...lines.slice(1, -1)].join('\n'))).toMatchObject({ chain: 'export', why: 'signature' });
});

test('where a chain begins is proven by a checkpoint alone; a chain that has nothing yet is intact', async () => {
  const lines = await exported(5);
  const said = JSON.parse(lines[0] ?? '') as { at: string; scope: string; chains: Record<string, object> };
  const { hash } = JSON.parse(lines[2] ?? '') as { hash: string };
  const head = (said.chains['user:lena'] as { head: unknown }).head;
  const chains = { 'user:lena': { from: [2, hash], head }, 'workspace:new': { from: [0, ''], head: [0, ''] } };
  const file = [sealed({ at: said.at, scope: said.scope, chains }), ...lines.slice(3)];
  const begins = [{ chain: 'user:lena', seq: 2 }];
  const owner = { user_id: 'lena', workspace_id: 'new' };
  expect(await verifyText(file.join('\n'))).toMatchObject({
    entries: 3,
    chains: [{ chain: 'user:lena', seq: 5 }],
    begins,
  });
  expect(beginningsInWords(begins, owner)).toContain('your sign-ins (behind #2)');

  const checkpoint = (heads: object, at = '2026-12-01T00:00:00.000Z') => sealed({ at, previous: '', heads });
  async function* asLines(heads: object) {
    yield checkpoint(heads);
  }
  const on = (heads: object) => verifyExport(file, asLines(heads));
  expect((await on({ 'user:lena': [3, JSON.parse(lines[3] ?? '').hash] })).broken_at).toEqual({
    chain: 'user:lena',
    seq: 2,
    why: 'unproven',
  });
  const proven = await on({ 'user:lena': [2, hash] });
  expect([proven.broken_at, proven.begins?.[0]?.signed_at]).toEqual([undefined, '2026-12-01T00:00:00.000Z']);
  expect((await on({ 'user:lena': [2, hash], 'workspace:new': [1, hash] })).broken_at).toEqual({
    chain: 'workspace:new',
    seq: 1,
    why: 'cut',
  });
  expect((await verifyExport(file, [])).broken_at).toMatchObject({ why: 'unproven' });
});

test('a file that is no export is said to be none', async () => {
  expect(await verifyText('{"title":"a task"}')).toEqual({ unreadable: 1 });
  expect(await verifyText('shopping list')).toEqual({ unreadable: 1 });
  expect(await verifyText('')).toEqual({ unreadable: 1 });
});
