import { Readable } from 'node:stream';
import { Problem } from '@taskmaster/contracts/problems';
import type { ChangesAnswer, Mine, SyncChange } from '@taskmaster/contracts/sync/changes';
import { SYNC_SCHEMA } from '@taskmaster/contracts/sync/ops';
import { SNAPSHOT_KEEPS_DAYS } from '@taskmaster/domain/commands/world';
import type { Entity } from '@taskmaster/domain/registers';
import type { Runtime, Tx } from '@taskmaster/runtime/runtime';
import { statementsOf } from '@taskmaster/runtime/statement';
import { type Caller, callerSettings } from '../caller.ts';
import { rowFromJson, tableOf } from '../kernel/columns.ts';
import { syncChange } from '../log/log-source.ts';

const say = statementsOf('tasks');
type Reader = Pick<Runtime<'tasks'>, 'transact'>;

interface Space {
  head: number;
  head_op: string | null;
  epoch: string;
  min_seq: number;
  member: boolean;
}
const space = say<Space>(
  'feed_space',
  `select head, head_op, epoch, min_seq, exists (select from tasks.member where workspace_id = $1 and user_id = $2) as member
   from tasks.workspace where id = $1`,
);
const changesAfter = say<SyncChange>(
  'feed_changes',
  `select seq, set_id, set_index, set_size, act_id, op, client_id, actor, entity, entity_id, kind, patch, at
   from tasks.change where workspace_id = $1 and seq > $2 and seq <= $3 order by seq limit $4`,
);
const opAt = say<{ op: string }>('feed_op_at', 'select op from tasks.change where workspace_id = $1 and seq = $2');
const mineOf = say<Mine>(
  'feed_mine',
  `select op, status, seq from tasks.processed_op where user_id = $1 and client_id = $2 and workspace_id = $3 and n >= $4 order by n limit 20000`,
);

export interface FeedQuery {
  since: number;
  op?: string;
  epoch?: string;
  limit: number;
  client_id?: string;
  from_n?: number;
}

/**
 * The changes after a cursor, whole sets, oldest first, with what became of this device's own ops.
 * @throws Problem reset where the cursor is not of this history: beyond its head, of another epoch, or of another op.
 */
export async function readChanges(
  runtime: Reader,
  caller: Caller,
  workspaceId: string,
  query: FeedQuery,
): Promise<ChangesAnswer> {
  return runtime.transact(
    async (tx) => {
      const { since } = query;
      const [[found], mine, [at]] = await Promise.all([
        tx.query(space, [workspaceId, caller.user_id]),
        readMine(tx, caller, workspaceId, query),
        query.op && since > 0 ? tx.query(opAt, [workspaceId, since]) : [],
      ]);
      if (!found?.member) throw new Problem('not_found');
      const foreign = (query.epoch && query.epoch !== found.epoch) || (query.op && since > 0 && at?.op !== query.op);
      if (since > found.head || since < found.min_seq || foreign)
        throw new Problem('reset', undefined, undefined, { epoch: found.epoch });
      // A set beyond the limit is read to its end: at most 99 changes more.
      const rows = await tx.query(changesAfter, [workspaceId, since, found.head, query.limit + 99]);
      const events = cutAtSet(rows, query.limit);
      return {
        from: since,
        to: events.at(-1)?.seq ?? since,
        head: found.head,
        epoch: found.epoch,
        events: events.map(syncChange),
        mine,
      };
    },
    { caller: callerSettings(caller), readOnly: true },
  );
}

function cutAtSet(rows: SyncChange[], limit: number): SyncChange[] {
  let end = Math.min(rows.length, limit);
  while (
    end > 0 &&
    end < rows.length &&
    rows[end - 1] &&
    (rows[end - 1] as SyncChange).set_index < (rows[end - 1] as SyncChange).set_size - 1
  )
    end++;
  return rows.slice(0, end);
}

async function readMine(
  tx: Tx<'tasks'>,
  caller: Caller,
  workspaceId: string,
  query: { client_id?: string; from_n?: number },
): Promise<Mine[]> {
  if (!query.client_id || query.from_n === undefined) return [];
  return tx.query(mineOf, [caller.user_id, query.client_id, workspaceId, query.from_n]);
}

const shown: Partial<Record<Entity, string>> = {
  task: `deleted_at is null and archived_at is null and (status = 'pending' or completed_at > now() - interval '${SNAPSHOT_KEEPS_DAYS} days')`,
  project: 'deleted_at is null and archived_at is null',
  tag: 'deleted_at is null',
  reminder: 'deleted_at is null',
  user: 'deleted_at is null',
};
const rowsOf = (Object.entries(shown) as [Entity, string][]).map(
  ([entity, where]) =>
    [
      entity,
      say<{ row: Record<string, unknown> }>(
        `snapshot_${entity}`,
        `select to_jsonb(r) as row from ${tableOf(entity)} r where workspace_id = $1 and ${where} order by id`,
      ),
    ] as const,
);

const MOST_AT_ONCE = 4;
/** Milliseconds without taking anything after which a reader is gone. */
const STALLED = 15_000;
/** Whose snapshots are being read. */
const running = new Set<string>();

/**
 * All that a device shows of a workspace at one moment, as NDJSON. Read whole before the first byte is sent, so a slow
 * reader holds no transaction; written in slices, so nobody waits long for a large one. Four people at
 * once until their last byte, the rest are told to wait; who takes nothing for a while is cut off.
 */
export async function readSnapshot(
  runtime: Reader,
  caller: Caller,
  workspaceId: string,
  query: { client_id?: string; from_n?: number },
): Promise<Readable> {
  const { user_id } = caller;
  if (running.size >= MOST_AT_ONCE || running.has(user_id))
    throw new Problem('unavailable', 'Too many snapshots at once.', undefined, {}, 1);
  running.add(user_id);
  const end = () => void running.delete(user_id);
  try {
    const [begin, tables, mine] = await runtime.transact(
      async (tx) => {
        const [found] = await tx.query(space, [workspaceId, caller.user_id]);
        if (!found?.member) throw new Problem('not_found');
        const [mine, ...tables] = await Promise.all([
          readMine(tx, caller, workspaceId, query),
          ...rowsOf.map(([, statement]) => tx.query(statement, [workspaceId])),
        ]);
        return [
          { seq: found.head, op: found.head_op, epoch: found.epoch, schema: SYNC_SCHEMA },
          tables.map((rows, index) => ({ entity: rowsOf[index]?.[0] as Entity, rows })),
          mine,
        ] as const;
      },
      { caller: callerSettings(caller), readOnly: true },
    );
    const text = Readable.from(
      watched(snapshotText(begin, tables, mine), () => text.destroy()),
      { objectMode: false },
    );
    return text.once('close', end);
  } catch (error) {
    end();
    throw error;
  }
}

/** Calls `stalled` where nobody asks for the next part in time. */
function* watched(parts: Iterable<string>, stalled: () => void): Generator<string> {
  let timer: NodeJS.Timeout | undefined;
  try {
    for (const part of parts) {
      clearTimeout(timer);
      timer = setTimeout(stalled, STALLED);
      yield part;
    }
  } finally {
    clearTimeout(timer);
  }
}

const LINES_A_SLICE = 500;

function* snapshotText(
  begin: { seq: number },
  tables: readonly { entity: Entity; rows: { row: Record<string, unknown> }[] }[],
  mine: Mine[],
): Generator<string> {
  yield `${JSON.stringify({ begin })}\n`;
  let count = 0;
  for (const { entity, rows } of tables) {
    for (let start = 0; start < rows.length; start += LINES_A_SLICE) {
      const slice = rows.slice(start, start + LINES_A_SLICE);
      count += slice.length;
      yield slice
        .map(({ row }) => `${JSON.stringify({ row: { entity, ...rowFromJson<object>(entity, row) } })}\n`)
        .join('');
    }
  }
  yield `${JSON.stringify({ mine })}\n${JSON.stringify({ end: { seq: begin.seq, count } })}\n`;
}
