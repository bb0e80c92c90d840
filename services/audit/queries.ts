import {
  chainOfUser,
  chainOfWorkspace,
  hashOfLine,
  isSigned,
  type Verdict,
  Verifier,
} from '@taskmaster/contracts/audit/chain';
import type { AuditEntry, AuditLine, Checkpoint, ExportSeal, Holding } from '@taskmaster/contracts/audit/entry';
import type { ChangeEvent } from '@taskmaster/contracts/events/event';
import type { AuditQuery } from '@taskmaster/contracts/http/audit';
import { INSTALLATION_ID } from '@taskmaster/domain/ids';
import { same } from '@taskmaster/domain/registers';
import type { RunningRuntime } from '@taskmaster/runtime/create-runtime';
import { statementsOf } from '@taskmaster/runtime/statement';
import { columnsOf } from './append.ts';
import type { Signer } from './checkpoints.ts';
import { READ_WITHIN } from './retention.ts';
import { entryKey, type Keys, open, type Sealed } from './seal.ts';

/** Who looks: an administrator sees every chain, anybody else those of their workspaces and their own. */
export interface Reader {
  user_id: string;
  role: 'admin' | 'user';
  workspace_ids: readonly string[];
}

interface Row {
  chain: string;
  seq: number;
  hash: string;
  stored: string;
  event_id: string;
  at: string;
  workspace_id: string | null;
  user_id: string | null;
  actor: { kind: string; id: string };
  event_type: string;
  resource_type: string;
  resource_id: string;
  task_id: string | null;
  action: string;
  correlation_id: string | null;
  sequence: number | null;
}

const say = statementsOf('audit');
const columns = `chain, seq, encode(hash, 'hex') as hash, stored, event_id, at, workspace_id, user_id, actor, event_type,
  resource_type, resource_id, task_id, action, correlation_id, sequence`;
const ends = `chain, seq, encode(hash, 'hex') as hash, base_seq, coalesce(encode(base_hash, 'hex'), '') as base_hash`;
interface Ends {
  chain: string;
  seq: number;
  hash: string;
  base_seq: number;
  base_hash: string;
}
const chainsOf = say<Ends>('chains_of', `select ${ends} from audit.chain where chain = any($1::text[]) order by chain`);
const everyChain = say<Ends>(
  'every_chain',
  `select ${ends} from audit.chain where chain > $1 order by chain limit 500`,
);
const clock = say<{ at: string }>('clock', 'select clock_timestamp() as at');
const entriesAfter = say<Row>(
  'entries_after',
  `select ${columns} from audit.audit_logs where chain = $1 and seq > $2 order by seq limit $3`,
);
const lastCheckpoint = say<{ id: number | null }>('last_checkpoint_id', 'select max(id) as id from audit.checkpoint');
const checkpoints = say<{ id: number; line: string }>(
  'checkpoints_between',
  'select id, line from audit.checkpoint where id > $1 and id <= $2 order by id limit 100',
);
/** With the line before each, which it names. */
const checkpointsOf = say<{ id: number; line: string; before: string | null }>(
  'checkpoints_of',
  `select id, line, (select b.line from audit.checkpoint b where b.id < c.id order by b.id desc limit 1) as before
   from audit.checkpoint c where line::jsonb -> 'heads' ?| $3::text[] and id > $1 and id <= $2 order by id limit 100`,
);

const SLICE = 500;

export function createQueries(
  runtime: Pick<RunningRuntime<'audit'>, 'transact' | 'background'>,
  keys: Keys,
  signer: Signer,
) {
  /** An administrator reads past row-level security, as the background does; anybody else behind it. */
  const reading = (reader: Reader): RunningRuntime<'audit'>['transact'] => {
    const { user_id, workspace_ids } = reader;
    return reader.role === 'admin'
      ? (work) => runtime.background(work, { readOnly: true })
      : (work) => runtime.transact(work, { readOnly: true, caller: { user_id, workspace_ids } });
  };

  async function* chainsSeenBy(reader: Reader): AsyncGenerator<Ends> {
    const read = reading(reader);
    if (reader.role !== 'admin') {
      yield* await read((tx) => tx.query(chainsOf, [chainNames(reader)]));
      return;
    }
    for (let last = ''; ; ) {
      const page = await read((tx) => tx.query(everyChain, [last]));
      yield* page;
      const end = page.at(-1);
      if (!end) return;
      last = end.chain;
    }
  }

  /** From where to where each chain goes that the reader may see. What is appended from now on is left for next time. */
  async function holdingOf(reader: Reader): Promise<Holding> {
    const [now] = await reading(reader)((tx) => tx.query(clock, []));
    const chains: Holding['chains'] = {};
    // Their own are named also where there is nothing: a chain that vanished is missed by whoever knows a signed head of it.
    if (reader.role !== 'admin')
      for (const chain of chainNames(reader)) chains[chain] = { from: [0, ''], head: [0, ''] };
    for await (const { chain, seq, hash, base_seq, base_hash } of chainsSeenBy(reader))
      chains[chain] = { from: [base_seq, base_hash], head: [seq, hash] };
    return { at: now?.at ?? '', scope: reader.role === 'admin' ? 'installation' : 'person', chains };
  }

  /** Nothing is locked meanwhile: retention leaves what a reader was promised until their time is over. */
  async function* entriesOf(reader: Reader, { chains }: Holding): AsyncGenerator<Row> {
    const read = reading(reader);
    const began = performance.now();
    for (const [chain, { from, head }] of Object.entries(chains)) {
      for (let last = from[0]; last < head[0]; ) {
        if (performance.now() - began > READ_WITHIN) throw new Error('It was not read in time: retention goes on.');
        const page = await read((tx) => tx.query(entriesAfter, [chain, last, SLICE]));
        yield* page.filter((row) => row.seq <= head[0]);
        const end = page.at(-1);
        if (!end) break;
        last = end.seq;
      }
    }
  }

  /**
   * In the order they were made, up to this one, each with whether its own words hold (signed, and behind the one it names) and
   * whether it is by this place: with its key, or with another before its own was first used.
   */
  async function* checkpointsFor(
    reader: Reader,
    upTo: number,
  ): AsyncGenerator<{ id: number; checkpoint: Checkpoint; holds: boolean; own: boolean }> {
    const read = reading(reader);
    for (let last = 0, before = '', used = false; ; ) {
      const page: { id: number; line: string; before?: string | null }[] =
        reader.role === 'admin'
          ? await read((tx) => tx.query(checkpoints, [last, upTo]))
          : await read((tx) => tx.query(checkpointsOf, [last, upTo, chainNames(reader)]));
      for (const { id, line, before: named = before } of page) {
        const checkpoint = JSON.parse(line) as Checkpoint;
        const follows = checkpoint.previous === (named ? await hashOfLine(named) : '');
        const holds = follows && (await isSigned(checkpoint).catch(() => false));
        const isMine = checkpoint.public_key === signer.public_key;
        if (isMine && holds) used = true;
        yield { id, checkpoint, holds, own: isMine || !used };
        before = line;
        last = id;
      }
      if (page.length === 0) return;
    }
  }

  async function verify(reader: Reader): Promise<Verdict> {
    // Before the heads: what is signed meanwhile is of entries that are not looked at.
    const [last] = await reading(reader)((tx) => tx.query(lastCheckpoint, []));
    const verifier = new Verifier(await holdingOf(reader), true);
    for await (const { id, checkpoint, holds, own } of checkpointsFor(reader, last?.id ?? 0)) {
      if (!holds) verifier.fail('checkpoint', id, 'signature');
      verifier.expect(checkpoint, holds && own);
    }
    for await (const row of entriesOf(reader, verifier.holds)) {
      if (!(await verifier.add(row))) break;
      if (!isAsStored(row)) verifier.fail(row.chain, row.seq, 'columns');
    }
    return verifier.verdict();
  }
  const verifying = new Map<string, Promise<Verdict>>();
  let turn: Promise<unknown> = Promise.resolve();

  return {
    /** Newest first. */
    async list(reader: Reader, query: AuditQuery): Promise<AuditEntry[]> {
      const values: unknown[] = [];
      const value = (of: unknown, type: string): string => `$${values.push(of)}::${type}`;
      const where: string[] = [];
      if (query.user_id) where.push(`user_id = ${value(query.user_id, 'uuid')}`);
      if (query.task_id) where.push(`task_id = ${value(query.task_id, 'uuid')}`);
      if (query.event_type) where.push(`event_type = ${value(query.event_type, 'text')}`);
      if (query.start_date) where.push(`at >= ${value(query.start_date, 'timestamptz')}`);
      if (query.end_date) where.push(`at < ${value(query.end_date, 'timestamptz')}`);
      const order = 'order by at desc, chain, seq desc';
      const some = (of: readonly string[]) =>
        `select ${columns} from audit.audit_logs ${of.length > 0 ? `where ${of.join(' and ')}` : ''} ${order}`;
      // Row-level security says the same; said chain by chain, an index serves each.
      const all =
        reader.role === 'admin'
          ? some(where)
          : `select one.* from unnest(${value(chainNames(reader), 'text[]')}) as mine (of),
             lateral (${some([...where, 'chain = mine.of'])} limit ${value(query.limit + query.offset, 'int')}) as one ${order}`;
      const text = `${all} limit ${value(query.limit, 'int')} offset ${value(query.offset, 'int')}`;
      const rows = await reading(reader)((tx) => tx.query(say<Row>('', text), values));
      const opened = await keys.read([...new Set(rows.map(sealedFor))]);
      return rows.map((row) => entryFrom(row, opened));
    },

    /** The seal, then entry by entry, chain by chain: what `taskmaster audit verify` takes. */
    async *exported(reader: Reader): AsyncGenerator<ExportSeal | AuditLine> {
      const holding = await holdingOf(reader);
      yield signer.signed(holding);
      const personKeys = new Map<string, Buffer | undefined>();
      for await (const row of entriesOf(reader, holding)) {
        const of = sealedFor(row);
        if (!personKeys.has(of)) personKeys.set(of, (await keys.read([of])).get(of));
        const personKey = personKeys.get(of);
        yield {
          chain: row.chain,
          seq: row.seq,
          hash: row.hash,
          stored: row.stored,
          ...(personKey ? { key: entryKey(personKey, row.event_id).toString('hex') } : {}),
        };
      }
    },

    /**
     * Computes every hash that the reader may see, and looks whether columns, heads and checkpoints say the same. One after the
     * other, and once for all who ask the same meanwhile: it is work.
     */
    verify(reader: Reader): Promise<Verdict> {
      const of = reader.role === 'admin' ? 'all' : chainNames(reader).join();
      const running = verifying.get(of);
      if (running) return running;
      const mine = turn.then(() => verify(reader)).finally(() => verifying.delete(of));
      turn = mine.catch(() => undefined);
      verifying.set(of, mine);
      return mine;
    },
  };
}
export type Queries = ReturnType<typeof createQueries>;

/** The chains of anybody but an administrator. */
const chainNames = (reader: Reader): string[] => [
  ...reader.workspace_ids.map(chainOfWorkspace),
  chainOfUser(reader.user_id),
];

/** Whose key its payload is sealed with. */
const sealedFor = (row: Row): string => row.user_id ?? INSTALLATION_ID;

/** What is read of a stored text. */
interface Stored {
  data: {
    idempotency_key: string;
    meta: { via: string; causation_id: string | null };
    payload: { sealed: string };
  };
}

function entryFrom(row: Row, keys: ReadonlyMap<string, Buffer>): AuditEntry {
  const key = keys.get(sealedFor(row));
  const { payload, meta, idempotency_key } = (JSON.parse(row.stored) as Stored).data;
  const { stored: _stored, workspace_id: _workspace, at, ...shown } = row;
  const sealed = key && openIfWhole(entryKey(key, row.event_id), payload.sealed);
  return {
    id: row.event_id,
    timestamp: at,
    ...shown,
    payload: sealed?.payload ?? null,
    via: meta.via,
    causation_id: meta.causation_id,
    idempotency_key,
    ip: sealed?.ip ?? null,
    user_agent: sealed?.user_agent ?? null,
  };
}

/** Nothing where the text was changed behind our back: verifying names it, and the rest of a list is still shown. */
function openIfWhole(key: Buffer, sealed: string): Sealed | undefined {
  try {
    return open(key, sealed);
  } catch {
    return undefined;
  }
}

function isAsStored(row: Row): boolean {
  const said = columnsOf(JSON.parse(row.stored) as ChangeEvent);
  return Object.entries(said).every(([column, value]) =>
    same((row as unknown as Record<string, unknown>)[column], value),
  );
}
