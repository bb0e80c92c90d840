import { type ChangeEvent, type Event, envelopeOf, type TaskSync } from '@taskmaster/contracts/events/event';
import { eventTypeOf } from '@taskmaster/contracts/events/types';
import type { SyncChange } from '@taskmaster/contracts/sync/changes';
import { eventId } from '@taskmaster/domain/ids';
import {
  applyPatch,
  changedFields,
  type Entity,
  type Patch,
  type Row,
  rowFromPatch,
} from '@taskmaster/domain/registers';
import type { RunningRuntime } from '@taskmaster/runtime/create-runtime';
import type { Head, LogRange, LogSource } from '@taskmaster/runtime/runtime';
import { statementsOf } from '@taskmaster/runtime/statement';
import { v5 } from 'uuid';
import { rowFromJson, tableOf } from '../kernel/columns.ts';

const say = statementsOf('tasks');

/** Changes of one workspace read at a time; at least two whole sets. */
const MOST_CHANGES = 500;
/** A run on the sockets' topic is cut between sets here. */
const LARGEST_RUN = 256 * 1024;

interface LoggedChange extends SyncChange {
  workspace_id: string;
  before: Patch | null;
  user_id: string;
  via: string;
  causation_id: string | null;
  meta: { request_id?: string; correlation_id: string; traceparent?: string; acl_version: number };
  epoch: string;
  head: number;
  is_erased: boolean;
  row_now: Record<string, unknown> | null;
  /** What later changes found there, newest first, where the range does not reach to now. */
  later: Patch[] | null;
}

const rowNow = (['task', 'project', 'tag', 'reminder', 'token', 'user'] as Entity[])
  .map(
    (entity) =>
      `when '${entity}' then (select to_jsonb(r) from ${tableOf(entity)} r where r.workspace_id = c.workspace_id and r.id = c.entity_id)`,
  )
  .join('\n');

/** Rows and the changes newer than the range are read in one statement, so they are of one moment. */
const readRange = say<LoggedChange>(
  'read_range',
  `select c.workspace_id, c.seq, c.set_id, c.set_index, c.set_size, c.act_id, c.op, c.client_id, c.actor, c.user_id, c.via,
          c.entity, c.entity_id, c.kind, c.patch, c.before, c.causation_id, c.meta, c.at, c.epoch, c.head, c.is_erased,
          case when c.is_last then (case c.entity ${rowNow}
            when 'workspace' then (select to_jsonb(r) from tasks.workspace r where r.id = c.entity_id) end) end as row_now,
          case when c.is_last and c.head > c.upto then (
            select jsonb_agg(n.before order by n.seq desc) from tasks.change n
            where n.workspace_id = c.workspace_id and n.entity_id = c.entity_id and n.seq > c.upto) end as later
   from unnest($1::uuid[], $2::bigint[], $3::bigint[]) asked (workspace_id, after, upto)
   join tasks.workspace w on w.id = asked.workspace_id
   cross join lateral (
     select b.*, w.epoch, w.head, w.erased_at is not null as is_erased, max(b.seq) over () as upto,
            row_number() over (partition by b.entity_id order by b.seq desc) = 1 as is_last from (
       select * from tasks.change l
       where l.workspace_id = asked.workspace_id and l.seq > asked.after and l.seq <= asked.upto
       order by l.seq limit ${MOST_CHANGES}
     ) b
   ) c
   order by c.workspace_id, c.seq`,
);
const headsOf = say<Head>(
  'heads_of',
  'select id as workspace_id, head, epoch, acl_version from tasks.workspace where id = any($1::uuid[])',
);
const headsMoved = say<Head>(
  'heads_moved',
  `select id as workspace_id, head, epoch, acl_version from tasks.workspace where moved_at >= now() - $1::float8 * interval '1 second'`,
);
const allHeads = say<Head>('all_heads', 'select id as workspace_id, head, epoch, acl_version from tasks.workspace');

const FAR = Number.MAX_SAFE_INTEGER;

/** The log as relay, repair and replay read it: one function makes the events, whoever asks. */
export function createLogSource(runtime: Pick<RunningRuntime<'tasks'>, 'background'>): LogSource & {
  events(workspaceId: string, from: number, to: number): Promise<{ events: ChangeEvent[]; head: number }>;
} {
  const read = async (
    asked: readonly { workspace_id: string; after: number; upto?: number }[],
  ): Promise<LogRange[]> => {
    const rows = await runtime.background((tx) =>
      tx.query(readRange, [
        asked.map((one) => one.workspace_id),
        asked.map((one) => one.after),
        asked.map((one) => one.upto ?? FAR),
      ]),
    );
    const byWorkspace = new Map<string, LoggedChange[]>();
    for (const row of rows) {
      const list = byWorkspace.get(row.workspace_id);
      if (list) list.push(row);
      else byWorkspace.set(row.workspace_id, [row]);
    }
    return [...byWorkspace.values()].flatMap((changes) => {
      const whole = wholeSets(changes);
      const last = whole.at(-1);
      if (!last) return [];
      const events = eventsOf(changes).slice(0, whole.length);
      return [
        {
          workspace_id: last.workspace_id,
          epoch: last.epoch,
          to: last.seq,
          more: last.head > last.seq,
          events,
          updates: updatesOf(whole),
        },
      ];
    });
  };
  return {
    range: read,
    async events(workspace_id, from, to) {
      const [range] = await read([{ workspace_id, after: from - 1, upto: to }]);
      const [head] = await runtime.background((tx) => tx.query(headsOf, [[workspace_id]]));
      return { events: (range?.events ?? []) as ChangeEvent[], head: head?.head ?? 0 };
    },
    heads: (input) =>
      runtime.background((tx) =>
        'workspace_ids' in input
          ? tx.query(headsOf, [input.workspace_ids])
          : 'all' in input
            ? tx.query(allHeads, [])
            : tx.query(headsMoved, [input.moved_within]),
      ),
  };
}

/** Without the beginning of a set whose end lies beyond the bound. */
function wholeSets(changes: LoggedChange[]): LoggedChange[] {
  const last = changes.at(-1);
  if (!last || last.set_index === last.set_size - 1) return changes;
  const end = changes.findIndex((change) => change.set_id === last.set_id);
  return end === 0 ? changes : changes.slice(0, end);
}

/** Events of a range, made backwards in one pass: the row now, less what came later, is the row then. */
function eventsOf(changes: readonly LoggedChange[]): ChangeEvent[] {
  const states = new Map<string, Row>();
  const events: ChangeEvent[] = new Array(changes.length);
  for (let index = changes.length - 1; index >= 0; index--) {
    const change = changes[index] as LoggedChange;
    if (change.is_erased) {
      events[index] = eventOf(
        { ...change, entity: 'user', entity_id: change.user_id, kind: 'erased' },
        { id: change.user_id, workspace_id: change.workspace_id } as Row,
        {},
      );
      continue;
    }
    const after = { ...stateAfter(states, change), version: change.seq, updated_at: change.at };
    const before = change.before ? applyPatch(change.entity, after, change.before) : ({} as Row);
    states.set(change.entity_id, before);
    events[index] = eventOf(change, after, changedFields(change.entity, before, after, change.patch));
  }
  return events;
}

function stateAfter(states: ReadonlyMap<string, Row>, change: LoggedChange): Row {
  const known = states.get(change.entity_id);
  if (known) return known;
  let row = change.row_now
    ? rowFromJson<Row>(change.entity, change.row_now)
    : rowFromPatch(change.entity, change.entity_id, change.workspace_id, change.patch);
  for (const before of change.later ?? []) if (before) row = applyPatch(change.entity, row, before);
  return row;
}

function eventOf(change: LoggedChange, after: Row, changed: Record<string, [unknown, unknown]>): ChangeEvent {
  return {
    ...envelopeOf('change', {
      id: eventId(change.workspace_id, change.epoch, change.seq),
      subject: change.entity_id,
      time: change.at,
      traceparent: change.meta.traceparent,
    }),
    type: eventTypeOf(change.entity, change.kind) as ChangeEvent['type'],
    data: {
      ...(change.entity === 'task' ? { task_id: change.entity_id } : {}),
      user_id: change.user_id,
      workspace_id: change.workspace_id,
      sequence: change.seq,
      epoch: change.epoch,
      idempotency_key: change.op,
      meta: {
        actor: change.actor,
        via: change.via,
        ...(change.meta.request_id ? { request_id: change.meta.request_id } : {}),
        correlation_id: change.meta.correlation_id,
        causation_id: change.causation_id,
        acl_version: change.meta.acl_version,
      },
      payload: { after: after as unknown as Record<string, unknown>, changed },
    },
  };
}

/** Runs for open sockets; a set alone above the bound goes without its events: pull. */
function updatesOf(changes: readonly LoggedChange[]): Event[] {
  const runs: TaskSync[] = [];
  let run: LoggedChange[] = [];
  let size = 0;
  const flush = (): void => {
    if (run[0]) runs.push(syncEvent(run[0], run, size <= LARGEST_RUN));
    run = [];
    size = 0;
  };
  for (const change of changes) {
    const bytes = JSON.stringify(change.patch).length;
    if (change.set_index === 0 && size + bytes > LARGEST_RUN) flush();
    run.push(change);
    size += bytes;
  }
  flush();
  return runs;
}

export const syncChange = (change: SyncChange): SyncChange => ({
  seq: change.seq,
  set_id: change.set_id,
  set_index: change.set_index,
  set_size: change.set_size,
  act_id: change.act_id,
  op: change.op,
  client_id: change.client_id,
  actor: change.actor,
  entity: change.entity,
  entity_id: change.entity_id,
  kind: change.kind,
  patch: change.patch,
  at: change.at,
});

function syncEvent(of: LoggedChange, run: readonly LoggedChange[], whole: boolean): TaskSync {
  const from = of.seq;
  const to = run.at(-1)?.seq ?? from;
  return {
    ...envelopeOf('task-sync', {
      id: v5(`sync:${of.epoch}:${from}:${to}`, of.workspace_id),
      subject: of.workspace_id,
      time: of.at,
      traceparent: of.meta.traceparent,
    }),
    type: 'com.todo.task.sync',
    data: {
      workspace_id: of.workspace_id,
      epoch: of.epoch,
      acl_version: of.meta.acl_version,
      from,
      to,
      correlation_ids: [...new Set(run.map(({ meta }) => meta.correlation_id))],
      ...(whole ? { events: run.map(syncChange) } : {}),
    },
  };
}
