import {
  applyPatch,
  type Entity,
  type Row as EntityRow,
  type Patch,
  rowFromPatch,
  same,
} from '@taskmaster/domain/registers';
import type pg from 'pg';
import { columns, rowFromJson, tableOf } from '../../../services/api/kernel/columns.ts';
import type { Record as Journal } from '../clients.ts';
import { type Claim, opsOf } from '../journal.ts';
import { type Person, send } from '../person.ts';
import type { Finding } from '../promises.ts';

export interface Change {
  workspace_id: string;
  seq: number;
  act_id: string;
  op: string;
  via: string;
  entity: Entity;
  entity_id: string;
  kind: string;
  patch: Patch;
  at: string;
}
/** The log and the rows at one moment. */
export interface Snapshot {
  changes: readonly Change[];
  rows: ReadonlyMap<string, Record<string, unknown>>;
  heads: ReadonlyMap<string, number>;
}

export async function readSnapshot(client: pg.Client): Promise<Snapshot> {
  await client.query(`begin isolation level repeatable read read only`);
  const changes = await client.query<Change>(
    `select workspace_id, seq::float8 as seq, act_id, op, via, entity, entity_id, kind, patch, at from tasks.change order by workspace_id, seq`,
  );
  const spaces = await client.query<{ id: string; head: number }>(
    'select id, head::float8 as head from tasks.workspace',
  );
  const rows = new Map<string, Record<string, unknown>>();
  for (const entity of Object.keys(columns) as Entity[]) {
    const found = await client.query<{ row: Record<string, unknown> }>(
      `select to_jsonb(r) as row from ${tableOf(entity)} r`,
    );
    for (const { row } of found.rows) rows.set(`${entity}:${String(row.id)}`, rowFromJson(entity, row));
  }
  await client.query('commit');
  return { changes: changes.rows, rows, heads: new Map(spaces.rows.map((space) => [space.id, space.head])) };
}

/** Sequences of a workspace are 1, 2, 3 … head. */
export function gaps({ changes, heads }: Snapshot): Finding[] {
  const last = new Map<string, number>();
  const found: Finding[] = [];
  for (const { workspace_id, seq } of changes) {
    const before = last.get(workspace_id) ?? 0;
    if (seq !== before + 1) found.push({ id: workspace_id, what: `${workspace_id}: ${seq} after ${before}` });
    last.set(workspace_id, seq);
  }
  for (const [id, head] of heads)
    if ((last.get(id) ?? 0) !== head) found.push({ id, what: `${id}: last ${last.get(id)}, head ${head}` });
  return found;
}

/** Everything acknowledged has its change where the answer said, and a row at least that new. */
export function lost({ changes, rows }: Snapshot, claims: readonly Claim[]): Finding[] {
  const bySeq = new Map(changes.map((change) => [`${change.workspace_id}:${change.seq}`, change]));
  const byEntity = new Map<string, Change[]>();
  for (const change of changes) byEntity.set(change.entity_id, [...(byEntity.get(change.entity_id) ?? []), change]);
  return claims.flatMap((claim) => {
    // An answer of a deletion holds no version, that of a push the last of its act, that of a second completion a later one.
    const named = bySeq.get(`${claim.workspace}:${claim.seq}`);
    const change =
      named?.entity_id === claim.entity_id && named.kind === claim.verb
        ? named
        : byEntity
            .get(claim.entity_id)
            ?.find((one) => one.kind === claim.verb && (claim.op === undefined || one.op === claim.op));
    const id = claim.entity_id;
    const wrong = (how: string) => [{ id, what: `${claim.verb} ${id} at ${claim.seq}: ${how}` }];
    if (!change) return wrong('no such change');
    if (claim.op !== undefined && change.op !== claim.op) return wrong('the change is of another request');
    if (claim.title !== undefined && change.patch.title !== claim.title) return wrong('with another title');
    const row = rows.get(`task:${claim.entity_id}`);
    if (!row || Number(row.version) < change.seq) return wrong(`the row is at version ${row?.version}`);
    return [];
  });
}

/** One creation an id, one act a request. A person's own row is written by acts that are named after the person. */
export async function doubled(client: pg.Client): Promise<Finding[]> {
  const { rows } = await client.query<{ what: string; id: string }>(
    `select 'created ' || count(*) || ' times: ' || entity || ' ' || entity_id as what, entity_id::text as id from tasks.change where kind = 'created'
       group by workspace_id, entity, entity_id having count(*) > 1
     union all select 'acts of one request: ' || count(distinct act_id) || ' of ' || op, min(entity_id::text) from tasks.change where via <> 'auth'
       group by op having count(distinct act_id) > 1
     union all select 'records of one request: ' || op, null from tasks.processed_op group by op having count(*) > 1`,
  );
  return rows;
}

/** Every change comes from a request that somebody sent and that was not refused, or from a consumer. */
export function phantoms({ changes }: Snapshot, { attempts, known: others }: Journal): Finding[] {
  const asked = new Set(attempts.filter((attempt) => attempt.outcome !== 'refused').flatMap(opsOf));
  const known = new Set(['auth', 'recurring']);
  return changes
    .filter((change) => !known.has(change.via) && !asked.has(change.op) && !others.has(change.op))
    .map((change) => ({
      id: change.entity_id,
      what: `${change.kind} ${change.entity_id} by ${change.via}, op ${change.op}`,
    }));
}

/** Each completed slot has its one successor. */
export function successors({ rows }: Snapshot): { completed: number; missing: Finding[]; doubled: Finding[] } {
  const tasks = [...rows].flatMap(([key, row]) => (key.startsWith('task:') ? [row] : []));
  const bySlot = new Map<string, string[]>();
  for (const task of tasks) {
    if (task.series_id === null || task.deleted_at !== null) continue;
    const slot = `${task.series_id} ${task.slot}`;
    bySlot.set(slot, [...(bySlot.get(slot) ?? []), String(task.id)]);
  }
  const completed = tasks.filter(
    (task) => task.status === 'completed' && task.deleted_at === null && task.recurrence !== null,
  );
  return {
    completed: completed.length,
    missing: completed
      .filter((task) => task.successor_id === null || !rows.has(`task:${task.successor_id}`))
      .map((task) => ({ id: String(task.id), what: `of ${task.id} (slot ${task.slot})` })),
    doubled: [...bySlot]
      .filter(([, ids]) => ids.length > 1)
      .map(([slot, ids]) => ({ id: ids[1] ?? '', what: `${ids.length} of ${slot}` })),
  };
}

/** The rows are what the log makes of nothing. */
export function replayDiffers({ changes, rows }: Snapshot): Finding[] {
  const built = new Map<string, EntityRow>();
  for (const change of changes) {
    const key = `${change.entity}:${change.entity_id}`;
    const before = built.get(key);
    const after = before
      ? applyPatch(change.entity, before, change.patch)
      : rowFromPatch(change.entity, change.entity_id, change.workspace_id, change.patch);
    built.set(key, { ...after, version: change.seq, updated_at: new Date(change.at).toISOString() } as EntityRow);
  }
  const idOf = (key: string) => key.split(':')[1] ?? '';
  const found: Finding[] = [...rows.keys()]
    .filter((key) => !built.has(key))
    .map((key) => ({ id: idOf(key), what: `${key}: a row without a change` }));
  for (const [key, row] of built) {
    const stored = rows.get(key);
    const differs = columns[key.split(':')[0] as Entity].filter(
      (column) => !same(stored?.[column], (row as unknown as Patch)[column]),
    );
    if (differs.length > 0) found.push({ id: idOf(key), what: `${key}: ${stored ? differs.join(', ') : 'no row'}` });
  }
  return found;
}

/** The feed gives every change of a workspace to its owner, in order, as the log has it. */
export async function feedDiffers(
  { changes, heads }: Snapshot,
  url: string,
  people: readonly Person[],
): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const person of people) {
    const own = changes.filter((change) => change.workspace_id === person.workspace);
    let since = 0;
    for (;;) {
      const { status, text } = await send(url, person, {
        method: 'GET',
        path: `/api/workspaces/${person.workspace}/changes?since=${since}&limit=1000`,
      });
      if (status !== 200) return [...found, { id: person.workspace, what: `${person.workspace}: ${status} ${text}` }];
      const { events, to } = JSON.parse(text) as { events: Change[]; to: number };
      for (const [index, event] of events.entries()) {
        const logged = own[since + index];
        const equal =
          logged &&
          event.seq === logged.seq &&
          event.op === logged.op &&
          event.entity_id === logged.entity_id &&
          same(event.patch, logged.patch);
        if (!equal)
          found.push({
            id: event.entity_id,
            what: `${person.workspace}: ${event.seq} is not what the log has at ${since + index + 1}`,
          });
      }
      if (events.length === 0) break;
      since = to;
    }
    if (since !== heads.get(person.workspace))
      found.push({
        id: person.workspace,
        what: `${person.workspace}: the feed ends at ${since}, the head is ${heads.get(person.workspace)}`,
      });
  }
  return found;
}

/** What open sockets were told is what the log has there, and of their own workspace. */
export function heardOtherwise({ changes }: Snapshot, heard: Journal['heard']): Finding[] {
  const bySeq = new Map(changes.map((change) => [`${change.workspace_id}:${change.seq}`, change]));
  return heard.flatMap(({ person, workspace, seq, op, entity_id }) => {
    const change = bySeq.get(`${workspace}:${seq}`);
    if (change?.op === op && change.entity_id === entity_id && workspace === person.workspace) return [];
    return [{ id: entity_id, what: `a socket of ${person.workspace} was told ${op} at ${workspace} ${seq}` }];
  });
}
