import { isSigned } from '@taskmaster/contracts/audit/chain';
import type { Checkpoint } from '@taskmaster/contracts/audit/entry';
import type { RunningRuntime } from '@taskmaster/runtime/create-runtime';
import { statementsOf } from '@taskmaster/runtime/statement';
import type { Logger } from '@taskmaster/runtime/telemetry';

/** Milliseconds that a reader who knows where chains begin has for reading them; what lies before goes a good while later. */
export const READ_WITHIN = 4 * 60 * 60 * 1000;
const GRACE = `interval '5 hours'`;
/** Milliseconds between two runs: longer than the grace, so that each takes away what the one before left behind. */
export const RETENTION_EVERY = 6 * 60 * 60 * 1000;

const say = statementsOf('audit');
interface Place {
  chain: string;
  /** The first entry on the way to a signed place that is not old enough. */
  young: number | null;
  /** Null where no signed place lies before it. */
  seq: number | null;
  hash: string;
  checkpoint: number;
  /** Whether what stands there is what the checkpoint says. */
  holds: boolean | null;
}
/**
 * The newest place of each chain that a checkpoint signed before that time, with nothing up to it that is younger, whatever the
 * checkpoint's own clock said. None older than the oldest entry is of use.
 */
const signedBefore = say<Place>(
  'signed_before',
  `with place as materialized (
     select head.key as chain, (head.value ->> 0)::bigint as seq, head.value ->> 1 as hash, c.id as checkpoint
     from audit.checkpoint c cross join jsonb_each(c.line::jsonb -> 'heads') as head
     where c.at < $1 and c.at >= (select min(at) from audit.audit_logs)
   ), behind as (
     select chain.chain, base_seq, max(place.seq) as newest
     from place join audit.chain using (chain)
     where place.seq > base_seq and (base_at is null or base_at < clock_timestamp() - ${GRACE})
     group by chain.chain, base_seq
   ), wanted as materialized (
     select behind.*, young.seq as young from behind cross join lateral (
       select min(l.seq) as seq from audit.audit_logs l
       where l.chain = behind.chain and l.seq > base_seq and l.seq <= newest and l.at >= $1
     ) as young
   ), chosen as (
     select distinct on (chain) chain, place.seq, place.hash, place.checkpoint
     from place join wanted using (chain)
     where place.seq > base_seq and place.seq < coalesce(young, newest + 1)
     order by chain, place.seq desc
   )
   select wanted.chain, young, chosen.seq, chosen.hash, chosen.checkpoint, encode(l.hash, 'hex') = chosen.hash as holds
   from wanted left join chosen using (chain)
   left join audit.audit_logs l on l.chain = chosen.chain and l.seq = chosen.seq
   order by wanted.chain`,
);
const lineOf = say<{ line: string }>('checkpoint_line', 'select line from audit.checkpoint where id = $1');
const beginAt = say(
  'begin_chain_at',
  `update audit.chain set base_seq = $2, base_hash = decode($3, 'hex'), base_at = clock_timestamp()
   where chain = $1 and base_seq < $2`,
);
const leftBehind = say<{ chain: string; base_seq: number }>(
  'left_behind',
  `select chain, base_seq from audit.chain
   where base_seq > 0 and base_at < clock_timestamp() - ${GRACE}
     and exists (select from audit.audit_logs l where l.chain = chain.chain and l.seq <= base_seq)
   order by chain`,
);
const SLICE = 5_000;
const forget = say<{ count: number }>(
  'forget_entries',
  `with gone as (
     delete from audit.audit_logs where chain = $1
       and seq <= least($2, (select min(seq) + ${SLICE - 1} from audit.audit_logs where chain = $1)) returning 1
   ) select count(*)::int as count from gone`,
);

type Background = Pick<RunningRuntime<'audit'>, 'background'>;

/**
 * Takes away what was witnessed more than `days` ago, in two runs: one lets a chain begin behind a place of that time that a
 * checkpoint signed and that is still what was signed; the next, hours later, takes away what lies before. So whoever was told
 * an earlier beginning still finds everything, if they read within `READ_WITHIN`. A chain that cannot go on is said in the log
 * and keeps no other. @returns how many entries went
 */
export async function forgetOld(runtime: Background, days: number, log: Logger): Promise<number> {
  const gone = await takeAway(runtime, log);
  const before = new Date(Date.now() - days * 24 * 60 * 60 * 1000).toISOString();
  const places = await runtime.background((tx) => tx.query(signedBefore, [before]), { readOnly: true });
  const signed = new Map<number, boolean>();
  for (const { chain, young, seq, hash, checkpoint, holds } of places) {
    if (young !== null) log.warn({ chain, seq: young }, 'an audit entry of another time keeps older ones from going');
    if (seq === null) continue;
    if (!signed.has(checkpoint)) signed.set(checkpoint, await isSignedLine(runtime, checkpoint));
    if (holds && signed.get(checkpoint)) await orSaid(chain, log, () => begin(runtime, chain, seq, hash));
    else log.warn({ chain, seq, checkpoint }, 'an audit chain is not what was signed there: nothing of it goes');
  }
  return gone;
}

async function takeAway(runtime: Background, log: Logger): Promise<number> {
  const chains = await runtime.background((tx) => tx.query(leftBehind, []), { readOnly: true });
  let gone = 0;
  for (const { chain, base_seq } of chains)
    await orSaid(chain, log, async () => {
      for (let more = true; more; ) {
        const [{ count } = { count: 0 }] = await runtime.background((tx) => tx.query(forget, [chain, base_seq]));
        gone += count;
        more = count > 0;
      }
    });
  return gone;
}

const begin = (runtime: Background, chain: string, seq: number, hash: string): Promise<void> =>
  runtime.background(async (tx) => tx.write(beginAt, [chain, seq, hash]));

/** PostgreSQL looks that the line is there; whether anybody signed it only we can see. */
async function isSignedLine(runtime: Background, id: number): Promise<boolean> {
  const [row] = await runtime.background((tx) => tx.query(lineOf, [id]), { readOnly: true });
  return row !== undefined && (await isSigned(JSON.parse(row.line) as Checkpoint).catch(() => false));
}

async function orSaid(chain: string, log: Logger, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    log.warn({ chain, err: String(error) }, 'old entries of an audit chain stay');
  }
}
