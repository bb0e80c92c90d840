import { Verifier } from '@taskmaster/contracts/audit/chain';
import type { Holding } from '@taskmaster/contracts/audit/entry';
import type pg from 'pg';
import type { Finding } from '../promises.ts';
import { unwitnessed } from './behind.ts';

const entries = `select substr(chain, 11) as workspace_id, seq, sequence, resource_id from audit.audit_logs where chain like 'workspace:%'`;

/** One entry a change, in its order, and one an act, none without; and every chain computes. */
export async function audit(client: pg.Client) {
  const ask = async (text: string) => (await client.query<Finding>(text)).rows;
  const { rows: chains } = await client.query<{ chain: string; seq: number; hash: string }>(
    `select chain, seq::float8 as seq, encode(hash, 'hex') as hash from audit.chain`,
  );
  const whole = chains.map(({ chain, seq, hash }): [string, Holding['chains'][string]] => [
    chain,
    { from: [0, ''], head: [seq, hash] },
  ]);
  const verifier = new Verifier({ at: '', scope: 'installation', chains: Object.fromEntries(whole) }, false);
  const { rows } = await client.query<{ chain: string; seq: number; hash: string; stored: string }>(
    `select chain, seq::float8 as seq, encode(hash, 'hex') as hash, stored from audit.audit_logs order by chain, seq`,
  );
  for (const entry of rows) await verifier.add(entry);
  const { broken_at } = verifier.verdict();
  return {
    entries: rows.length,
    missing: await ask(
      `select c.entity_id::text as id, c.workspace_id || ' ' || c.seq as what from tasks.change c
       where not exists (select from audit.audit_logs a where a.chain = 'workspace:' || c.workspace_id and a.sequence = c.seq)
       union all ${unwitnessed}`,
    ),
    extra: await ask(
      `select min(a.resource_id) as id, a.workspace_id || ' ' || a.sequence || ': ' || count(*) || ' entries, ' || count(c.seq) || ' changes' as what
       from (${entries}) a left join tasks.change c on c.workspace_id::text = a.workspace_id and c.seq = a.sequence
       group by a.workspace_id, a.sequence having count(*) <> 1 or count(c.seq) = 0
       union all select min(resource_id), event_id || ': ' || count(*) || ' entries of one act'
       from audit.audit_logs where sequence is null group by event_id having count(*) > 1`,
    ),
    reordered: await ask(
      `select resource_id as id, workspace_id || ': ' || sequence || ' after ' || before as what from (
         select *, lag(sequence) over (partition by workspace_id order by seq) as before from (${entries}) a
       ) each where sequence < before`,
    ),
    broken: broken_at ? [{ what: `${broken_at.chain} ${broken_at.seq} ${broken_at.why}` }] : [],
  };
}
