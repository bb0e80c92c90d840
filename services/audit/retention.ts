import type { RunningRuntime } from '@taskmaster/runtime/create-runtime';
import { statementsOf } from '@taskmaster/runtime/statement';

const say = statementsOf('audit');
/** The newest place of each chain that a checkpoint signed before that time. None older than the oldest entry is of use. */
const signedBefore = say<{ chain: string; seq: number; hash: string }>(
  'signed_before',
  `select chain, signed.seq, signed.hash from (
     select distinct on (head.key) head.key as chain, (head.value ->> 0)::bigint as seq, head.value ->> 1 as hash
     from audit.checkpoint c cross join jsonb_each(c.line::jsonb -> 'heads') as head
     where c.at < $1 and c.at >= (select min(at) from audit.audit_logs)
     order by head.key, c.id desc
   ) as signed join audit.chain using (chain) where signed.seq > base_seq`,
);
const beginAt = say(
  'begin_chain_at',
  `update audit.chain set base_seq = $2, base_hash = decode($3, 'hex') where chain = $1 and base_seq < $2`,
);
const forget = say<{ count: number }>(
  'forget_entries',
  `with gone as (delete from audit.audit_logs where chain = $1 and seq <= $2 returning 1) select count(*)::int as count from gone`,
);

/**
 * Takes away what was witnessed more than `days` ago, as far as a checkpoint of that time signed it: the chain then begins
 * behind a place that verifies. The database lets nothing else go. @returns how many entries went
 */
export async function forgetOld(runtime: Pick<RunningRuntime<'audit'>, 'background'>, days: number): Promise<number> {
  const before = new Date(Date.now() - days * 24 * 60 * 60 * 1000).toISOString();
  const places = await runtime.background((tx) => tx.query(signedBefore, [before]), { readOnly: true });
  let gone = 0;
  for (const { chain, seq, hash } of places) {
    const [{ count } = { count: 0 }] = await runtime.background(async (tx) => {
      tx.write(beginAt, [chain, seq, hash]);
      return tx.query(forget, [chain, seq]);
    });
    gone += count;
  }
  return gone;
}
