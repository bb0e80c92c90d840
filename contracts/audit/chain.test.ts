import { expect, test } from 'vitest';
import { Verifier } from './chain.ts';

test('of checkpoints a verifier remembers what lies ahead in the chains it follows, and nothing else', () => {
  const at = '2027-01-01T00:00:00.000Z';
  const verifier = new Verifier({ at, scope: 'person', chains: { mine: { from: [5, 'aa'], head: [9, 'bb'] } } }, true);
  for (let seq = 1; seq <= 20; seq++) verifier.expect({ at, heads: { mine: [seq, 'aa'], another: [seq, 'cc'] } }, true);
  const { signed } = verifier as unknown as { signed: Map<string, Map<number, string>> };
  expect([...signed].map(([chain, places]) => [chain, [...places.keys()]])).toEqual([['mine', [6, 7, 8, 9]]]);
});
