import { chainOfUser, chainOfWorkspace, type Verdict, Verifier } from '@taskmaster/contracts/audit/chain';
import type { AuditEntry, AuditLine, Checkpoint } from '@taskmaster/contracts/audit/entry';
import type { ChangeEvent } from '@taskmaster/contracts/events/event';
import type { AuditQuery } from '@taskmaster/contracts/http/audit';
import { INSTALLATION_ID } from '@taskmaster/domain/ids';
import { same } from '@taskmaster/domain/registers';
import type { RunningRuntime } from '@taskmaster/runtime/create-runtime';
import { statementsOf } from '@taskmaster/runtime/statement';
import { columnsOf } from './append.ts';
import { entryKey, type Keys, open } from './seal.ts';

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
const chainsOf = say<{ chain: string; seq: number; hash: string }>(
  'chains_of',
  `select chain, seq, encode(hash, 'hex') as hash from audit.chain where chain = any($1::text[]) order by chain`,
);
const everyChain = say<{ chain: string; seq: number; hash: string }>(
  'every_chain',
  `select chain, seq, encode(hash, 'hex') as hash from audit.chain where chain > $1 order by chain limit 500`,
);
const entriesAfter = say<Row>(
  'entries_after',
  `select ${columns} from audit.audit_logs where chain = $1 and seq > $2 order by seq limit $3`,
);
const checkpoints = say<{ id: number; line: string }>(
  'checkpoints_after',
  'select id, line from audit.checkpoint where id > $1 order by id limit 200',
);

const SLICE = 500;

export function createQueries(runtime: Pick<RunningRuntime<'audit'>, 'transact' | 'background'>, keys: Keys) {
  /** An administrator reads past row-level security, as the background does; anybody else behind it. */
  const reading = (reader: Reader): RunningRuntime<'audit'>['transact'] => {
    const { user_id, workspace_ids } = reader;
    return reader.role === 'admin'
      ? (work) => runtime.background(work, { readOnly: true })
      : (work) => runtime.transact(work, { readOnly: true, caller: { user_id, workspace_ids } });
  };

  async function* chainsSeenBy(reader: Reader): AsyncGenerator<{ chain: string; seq: number; hash: string }> {
    const read = reading(reader);
    if (reader.role !== 'admin') {
      const mine = [...reader.workspace_ids.map(chainOfWorkspace), chainOfUser(reader.user_id)];
      yield* await read((tx) => tx.query(chainsOf, [mine]));
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

  /** The entries of a chain up to its head when the reading began: what is appended meanwhile is left for next time. */
  async function* entriesOf(reader: Reader, chain: string, upto: number): AsyncGenerator<Row> {
    const read = reading(reader);
    for (let last = 0; last < upto; ) {
      const page = await read((tx) => tx.query(entriesAfter, [chain, last, Math.min(SLICE, upto - last)]));
      yield* page.filter((row) => row.seq <= upto);
      const end = page.at(-1);
      if (!end) return;
      last = end.seq;
    }
  }

  return {
    /** Newest first. */
    async list(reader: Reader, query: AuditQuery): Promise<AuditEntry[]> {
      const values: unknown[] = [];
      const value = (of: unknown, type: string): string => `$${values.push(of)}::${type}`;
      const where: string[] = [];
      // Row-level security says the same; said here, an index serves it.
      if (reader.role !== 'admin')
        where.push(
          `(workspace_id = any(${value(reader.workspace_ids, 'uuid[]')}) or user_id = ${value(reader.user_id, 'uuid')})`,
        );
      if (query.user_id) where.push(`user_id = ${value(query.user_id, 'uuid')}`);
      if (query.task_id) where.push(`task_id = ${value(query.task_id, 'uuid')}`);
      if (query.event_type) where.push(`event_type = ${value(query.event_type, 'text')}`);
      if (query.start_date) where.push(`at >= ${value(query.start_date, 'timestamptz')}`);
      if (query.end_date) where.push(`at < ${value(query.end_date, 'timestamptz')}`);
      const text = `select ${columns} from audit.audit_logs ${where.length > 0 ? `where ${where.join(' and ')}` : ''}
        order by at desc, chain, seq desc limit ${value(query.limit, 'int')} offset ${value(query.offset, 'int')}`;
      const rows = await reading(reader)((tx) => tx.query(say<Row>('', text), values));
      const opened = await keys.read([...new Set(rows.map(sealedFor))]);
      return rows.map((row) => entryFrom(row, opened));
    },

    /** Line by line, chain by chain: what `taskmaster audit verify` takes. */
    async *exported(reader: Reader): AsyncGenerator<AuditLine> {
      for await (const { chain, seq } of chainsSeenBy(reader)) {
        const personKeys = new Map<string, Buffer | undefined>();
        for await (const row of entriesOf(reader, chain, seq)) {
          if (!personKeys.has(sealedFor(row)))
            personKeys.set(sealedFor(row), (await keys.read([sealedFor(row)])).get(sealedFor(row)));
          const personKey = personKeys.get(sealedFor(row));
          yield {
            chain,
            seq: row.seq,
            hash: row.hash,
            stored: row.stored,
            ...(personKey ? { key: entryKey(personKey, row.event_id).toString('hex') } : {}),
          };
        }
      }
    },

    /** Computes every hash that the reader may see, and looks whether columns, heads and checkpoints say the same. */
    async verify(reader: Reader): Promise<Verdict> {
      const verifier = new Verifier();
      // Before the heads: what is signed meanwhile is of entries that are not looked at.
      const signed: Checkpoint[] = [];
      for (let last = 0; ; ) {
        const page = await reading(reader)((tx) => tx.query(checkpoints, [last]));
        for (const { line } of page) signed.push(JSON.parse(line) as Checkpoint);
        const end = page.at(-1);
        if (!end) break;
        last = end.id;
      }
      const seen: { chain: string; seq: number; hash: string }[] = [];
      for await (const head of chainsSeenBy(reader)) seen.push(head);
      for (const { heads } of signed)
        verifier.expect({
          heads: Object.fromEntries(seen.flatMap(({ chain }) => (heads[chain] ? [[chain, heads[chain]]] : []))),
        });
      for (const head of seen) {
        let last = { seq: 0, hash: '' };
        for await (const row of entriesOf(reader, head.chain, head.seq)) {
          if (!(await verifier.add(row))) return verifier.verdict(true);
          if (!isAsStored(row)) verifier.fail(row.chain, row.seq, 'columns');
          last = row;
        }
        if (last.seq < head.seq) verifier.fail(head.chain, last.seq + 1, 'cut');
        else if (last.hash !== head.hash) verifier.fail(head.chain, head.seq, 'rewritten');
      }
      return verifier.verdict(true);
    },
  };
}
export type Queries = ReturnType<typeof createQueries>;

/** Whose key its payload is sealed with. */
const sealedFor = (row: Row): string => row.user_id ?? INSTALLATION_ID;

/** What is read of a stored text. */
interface Stored {
  data: {
    idempotency_key: string;
    meta: { via: string; causation_id: string | null; ip?: string; user_agent?: string };
    payload: { sealed: string };
  };
}

function entryFrom(row: Row, keys: ReadonlyMap<string, Buffer>): AuditEntry {
  const key = keys.get(sealedFor(row));
  const { payload, meta, idempotency_key } = (JSON.parse(row.stored) as Stored).data;
  const { stored: _stored, workspace_id: _workspace, at, ...shown } = row;
  return {
    id: row.event_id,
    timestamp: at,
    ...shown,
    payload: key ? open(entryKey(key, row.event_id), payload.sealed) : null,
    via: meta.via,
    causation_id: meta.causation_id,
    idempotency_key,
    ip: meta.ip ?? null,
    user_agent: meta.user_agent ?? null,
  };
}

function isAsStored(row: Row): boolean {
  const said = columnsOf(JSON.parse(row.stored) as ChangeEvent);
  return Object.entries(said).every(([column, value]) =>
    same((row as unknown as Record<string, unknown>)[column], value),
  );
}
