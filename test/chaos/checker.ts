import { Verifier } from '@taskmaster/contracts/audit/chain';
import type { Holding } from '@taskmaster/contracts/audit/entry';
import { applyPatch, type Entity, type Patch, type Row, rowFromPatch, same } from '@taskmaster/domain/registers';
import pg from 'pg';
import { columns, rowFromJson, tableOf } from '../../services/api/kernel/columns.ts';
import type { Difference } from './clients.ts';
import { type Attempt, type Claim, claimsOf, opsOf } from './journal.ts';
import { type Person, send, waitFor } from './person.ts';

/** What was found wrong, by the promise it breaks. Nothing wrong: every list is empty. */
export interface Findings {
  readonly counts: Readonly<Record<string, number>>;
  readonly wrong: Readonly<Record<Wrong, string[]>>;
}
const PROMISES = [
  'lost',
  'doubled',
  'phantom',
  'gaps',
  'successors missing',
  'successors doubled',
  'feed differs',
  'replay differs',
  'not caught up',
  'dead letters',
  'unresolved',
  'wrongly refused',
  'answers differ',
  'reminders missing',
  'reminders doubled',
  'reminders early',
  'reminders late without reason',
  'audit entries missing',
  'audit entries without a change',
  'audit chains broken',
  'mails doubled',
] as const;
export type Wrong = (typeof PROMISES)[number];

export interface CheckOptions {
  readonly url: string;
  readonly connection: pg.ClientConfig;
  readonly people: readonly Person[];
  readonly attempts: readonly Attempt[];
  readonly differences: readonly Difference[];
  /** Message-IDs of the letters that the mail server took, in their order. */
  mails?(): readonly string[];
  /** How often the program died: so often an answer of the mail server may have been lost. */
  readonly kills?: number;
  /** Milliseconds that consumers get to catch up. */
  readonly patience: number;
}

interface Change {
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
interface Snapshot {
  changes: readonly Change[];
  rows: ReadonlyMap<string, Record<string, unknown>>;
  heads: ReadonlyMap<string, number>;
}

/** Compares what clients were told with what the tables and the feed hold, once the consumers had time to catch up. */
export async function check(options: CheckOptions): Promise<Findings> {
  const client = new pg.Client(options.connection);
  client.on('error', () => undefined);
  await client.connect();
  try {
    const wrong = Object.fromEntries(PROMISES.map((promise) => [promise, [] as string[]])) as Record<Wrong, string[]>;
    await waitFor(async () => (await behind(client)).length === 0, options.patience);
    wrong['not caught up'] = await behind(client);
    wrong['dead letters'] = await deadLetters(client);
    const snapshot = await read(client);
    wrong.gaps = gaps(snapshot);
    const claims = options.attempts.flatMap(claimsOf);
    wrong.lost = lost(snapshot, claims);
    wrong.doubled = await doubled(client);
    wrong.phantom = phantoms(snapshot, options.attempts);
    Object.assign(wrong, successors(snapshot));
    wrong['replay differs'] = replayDiffers(snapshot);
    wrong['feed differs'] = await feedDiffers(snapshot, options);
    for (const attempt of options.attempts) {
      const line = `${attempt.request.method} ${attempt.request.path} ${attempt.answer?.status ?? ''} ${attempt.answer?.text ?? ''}`;
      if (attempt.outcome === 'unknown') wrong.unresolved.push(line);
      else if ((attempt.outcome === 'refused') !== (attempt.wrong === true)) wrong['wrongly refused'].push(line);
    }
    Object.assign(wrong, await reminders(client, options.attempts));
    Object.assign(wrong, await audit(client));
    wrong['mails doubled'] = doubledMails(options.mails?.() ?? [], options.kills ?? 0);
    wrong['answers differ'] = options.differences.map(({ path, first, again }) => `${path}\n  ${first}\n  ${again}`);
    return {
      wrong,
      counts: {
        changes: snapshot.changes.length,
        claims: claims.length,
        workspaces: snapshot.heads.size,
        ...(await told(client)),
        mails: options.mails?.().length ?? 0,
      },
    };
  } finally {
    await client.end();
  }
}

const CONSUMERS = [
  ['recurring', 'recurring'],
  ['notification', 'notification'],
  ['audit', 'audit'],
] as const;
const SCHEMAS = ['tasks', 'recurring', 'notification', 'audit'] as const;

/** Relay, consumers, outboxes, reminders and letters that have something left to do. */
async function behind(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ what: string }>(`
    select 'relay ' || w.id || ' at ' || coalesce(p.sequence, 0) || ' of ' || w.head as what
      from tasks.workspace w left join tasks.position p on p.workspace_id = w.id where coalesce(p.sequence, 0) <> w.head
    ${CONSUMERS.map(
      ([
        schema,
        consumer,
      ]) => `union all select '${consumer} ' || w.id || ' at ' || coalesce(c.sequence, 0) || ' of ' || w.head
      from tasks.workspace w left join ${schema}.cursor c on c.workspace_id = w.id and c.consumer = '${consumer}'
      where coalesce(c.sequence, 0) <> w.head or c.held`,
    ).join(' ')}
    ${SCHEMAS.map(
      (schema) => `union all select '${schema} outbox ' || id from ${schema}.outbox where published_at is null
      union all select '${schema} inbox ' || event_id from ${schema}.inbox`,
    ).join(' ')}
    union all select 'occurrence without successor ' || task_id from recurring.occurrence where event is not null
    union all select 'reminder ' || id || ' due ' || due_at from notification.ledger where state = 'scheduled' and due_at < now()
    union all select 'mail ' || id || ' ' || state from notification.ledger where channel = 'mail' and state in ('decided', 'handing_over')`);
  return rows.map((row) => row.what);
}

async function deadLetters(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ what: string }>(
    SCHEMAS.map(
      (schema) => `select consumer || ' ' || event_id || ': ' || error as what from ${schema}.dead_letter`,
    ).join(' union all '),
  );
  return rows.map((row) => row.what);
}

/** Every reminder that somebody was promised is decided once, at its time or later, and shown once. */
async function reminders(client: pg.Client, attempts: readonly Attempt[]) {
  const promised = attempts.flatMap(({ outcome, request, id }) => {
    const [at] = (request.body as { reminders?: { at: string }[] } | undefined)?.reminders ?? [];
    return outcome === 'acknowledged' && at && id ? [{ task_id: id, ...at }] : [];
  });
  const { rows: ledger } = await client.query<
    Record<'task_id' | 'for' | 'state' | 'what', string> & { excused: boolean; shown: string }
  >(
    `select l.task_id, l."for", l.state, l.id || ' for ' || l."for" || ' ' || l.state as what,
       case l.state when 'withdrawn' then t.status = 'completed' or t.deleted_at is not null
         when 'too_late' then l.due_at < t.created_at else l.state in ('handed_over', 'acknowledged') end as excused,
       (select count(*) from notification.notification n where n.id = l.notification_id
          or (n.task_id = l.task_id and n.due_at = l.due_at) or n.entries @> jsonb_build_array(jsonb_build_object('task_id', l.task_id))) as shown
     from notification.ledger l join tasks.task t on t.workspace_id = l.workspace_id and t.id = l.task_id
     where l.channel = 'app'`,
  );
  const { rows: odd } = await client.query<{ what: string; kind: 'early' | 'unexplained' }>(
    `select id || ' due ' || due_at || ' decided ' || decided_at as what, 'early' as kind
       from notification.ledger where decided_at < due_at and "for" <> 'digest'
     union all select id || ' due ' || due_at || ' decided ' || decided_at, 'unexplained' from notification.ledger
       where channel = 'app' and decided_at > due_at + interval '31 seconds' and late_reason is null`,
  );
  const of = (promise: (typeof promised)[number]) =>
    ledger.filter((row) => row.task_id === promise.task_id && row.for === new Date(promise.at).toISOString());
  return {
    'reminders missing': promised.flatMap((promise) => {
      const [row] = of(promise);
      return row?.excused ? [] : [`${promise.task_id} at ${promise.at}: ${row?.what ?? 'not in the ledger'}`];
    }),
    'reminders doubled': ledger
      .filter((row) => Number(row.shown) > (['handed_over', 'acknowledged'].includes(row.state) ? 1 : 0))
      .map((row) => `${row.what} shown ${row.shown} times`),
    'reminders early': odd.filter(({ kind }) => kind === 'early').map(({ what }) => what),
    'reminders late without reason': odd.filter(({ kind }) => kind === 'unexplained').map(({ what }) => what),
  };
}

async function told(client: pg.Client): Promise<Record<string, number>> {
  const { rows } = await client.query<Record<string, number>>(
    `select count(*) filter (where channel = 'app' and state in ('handed_over', 'acknowledged'))::int as "reminders told",
       count(*) filter (where late_reason is not null and channel = 'app')::int as "reminders told late",
       (select count(*) from audit.audit_logs)::int as "audit entries" from notification.ledger`,
  );
  return rows[0] ?? {};
}

/** One entry a change, in its order, none without one; and every chain computes. */
async function audit(client: pg.Client) {
  const { rows } = await client.query<{ what: string; missing: boolean }>(
    `select coalesce(c.workspace_id::text, a.chain) || ' ' || coalesce(c.seq, a.sequence) as what, a.seq is null as missing
     from tasks.change c full join (select * from audit.audit_logs where chain like 'workspace:%') a
       on a.chain = 'workspace:' || c.workspace_id and a.sequence = c.seq and a.seq = c.seq
     where a.seq is null or c.seq is null`,
  );
  const { rows: chains } = await client.query<{ chain: string; seq: number; hash: string }>(
    `select chain, seq::float8 as seq, encode(hash, 'hex') as hash from audit.chain`,
  );
  const whole = chains.map(({ chain, seq, hash }): [string, Holding['chains'][string]] => [
    chain,
    { from: [0, ''], head: [seq, hash] },
  ]);
  const verifier = new Verifier({ at: '', scope: 'installation', chains: Object.fromEntries(whole) });
  const { rows: entries } = await client.query<{ chain: string; seq: number; hash: string; stored: string }>(
    `select chain, seq::float8 as seq, encode(hash, 'hex') as hash, stored from audit.audit_logs order by chain, seq`,
  );
  for (const entry of entries) await verifier.add(entry);
  const { broken_at } = verifier.verdict();
  return {
    'audit entries missing': rows.filter((row) => row.missing).map((row) => row.what),
    'audit entries without a change': rows.filter((row) => !row.missing).map((row) => row.what),
    'audit chains broken': broken_at ? [`${broken_at.chain} ${broken_at.seq} ${broken_at.why}`] : [],
  };
}

/** A letter comes again only where its answer was lost, and then under the same Message-ID: four travel at once. */
function doubledMails(mails: readonly string[], kills: number): string[] {
  const again = mails.filter((id, index) => mails.indexOf(id) < index);
  return again.length > kills * 4 ? [`${again.length} letters came again in ${kills} kills`] : [];
}

async function read(client: pg.Client): Promise<Snapshot> {
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
function gaps({ changes, heads }: Snapshot): string[] {
  const last = new Map<string, number>();
  const found: string[] = [];
  for (const { workspace_id, seq } of changes) {
    const before = last.get(workspace_id) ?? 0;
    if (seq !== before + 1) found.push(`${workspace_id}: ${seq} after ${before}`);
    last.set(workspace_id, seq);
  }
  for (const [id, head] of heads)
    if ((last.get(id) ?? 0) !== head) found.push(`${id}: last ${last.get(id)}, head ${head}`);
  return found;
}

/** Everything acknowledged has its change where the answer said, and a row at least that new. */
function lost({ changes, rows }: Snapshot, claims: readonly Claim[]): string[] {
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
    const told = `${claim.verb} ${claim.entity_id} at ${claim.seq}`;
    if (!change) return [`${told}: no such change`];
    if (claim.op !== undefined && change.op !== claim.op) return [`${told}: the change is of another request`];
    if (claim.title !== undefined && change.patch.title !== claim.title) return [`${told}: with another title`];
    const row = rows.get(`task:${claim.entity_id}`);
    if (!row || Number(row.version) < change.seq) return [`${told}: the row is at version ${row?.version}`];
    return [];
  });
}

/** One creation an id, one act a request. A person's own row is written by acts that are named after the person. */
async function doubled(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ what: string }>(
    `select 'created ' || count(*) || ' times: ' || entity || ' ' || entity_id as what from tasks.change where kind = 'created'
       group by workspace_id, entity, entity_id having count(*) > 1
     union all select 'acts of one request: ' || count(distinct act_id) || ' of ' || op from tasks.change where via <> 'auth'
       group by op having count(distinct act_id) > 1
     union all select 'records of one request: ' || op from tasks.processed_op group by op having count(*) > 1`,
  );
  return rows.map((row) => row.what);
}

/** Every change comes from a request that somebody sent and that was not refused, or from a consumer. */
function phantoms({ changes }: Snapshot, attempts: readonly Attempt[]): string[] {
  const asked = new Set(attempts.filter((attempt) => attempt.outcome !== 'refused').flatMap(opsOf));
  const known = new Set(['auth', 'recurring']);
  return changes
    .filter((change) => !known.has(change.via) && !asked.has(change.op))
    .map((change) => `${change.kind} ${change.entity_id} by ${change.via}`);
}

/** Each completed slot has its one successor. */
function successors({ rows }: Snapshot): Pick<Record<Wrong, string[]>, 'successors missing' | 'successors doubled'> {
  const tasks = [...rows].flatMap(([key, row]) => (key.startsWith('task:') ? [row] : []));
  const bySlot = new Map<string, number>();
  for (const task of tasks) {
    if (task.series_id === null || task.deleted_at !== null) continue;
    const slot = `${task.series_id} ${task.slot}`;
    bySlot.set(slot, (bySlot.get(slot) ?? 0) + 1);
  }
  return {
    'successors missing': tasks
      .filter((task) => task.status === 'completed' && task.deleted_at === null && task.recurrence !== null)
      .filter((task) => task.successor_id === null || !rows.has(`task:${task.successor_id}`))
      .map((task) => `of ${task.id} (slot ${task.slot})`),
    'successors doubled': [...bySlot].filter(([, count]) => count > 1).map(([slot, count]) => `${count} of ${slot}`),
  };
}

/** The rows are what the log makes of nothing. */
function replayDiffers({ changes, rows }: Snapshot): string[] {
  const built = new Map<string, Row>();
  for (const change of changes) {
    const key = `${change.entity}:${change.entity_id}`;
    const before = built.get(key);
    const after = before
      ? applyPatch(change.entity, before, change.patch)
      : rowFromPatch(change.entity, change.entity_id, change.workspace_id, change.patch);
    built.set(key, { ...after, version: change.seq, updated_at: new Date(change.at).toISOString() } as Row);
  }
  const found = [...rows.keys()].filter((key) => !built.has(key)).map((key) => `${key}: a row without a change`);
  for (const [key, row] of built) {
    const stored = rows.get(key);
    const differs = columns[key.split(':')[0] as Entity].filter(
      (column) => !same(stored?.[column], (row as unknown as Patch)[column]),
    );
    if (differs.length > 0) found.push(`${key}: ${stored ? differs.join(', ') : 'no row'}`);
  }
  return found;
}

/** The feed gives every change of a workspace to its owner, in order, as the log has it. */
async function feedDiffers({ changes, heads }: Snapshot, { url, people }: CheckOptions): Promise<string[]> {
  const found: string[] = [];
  for (const person of people) {
    const own = changes.filter((change) => change.workspace_id === person.workspace);
    let since = 0;
    for (;;) {
      const { status, text } = await send(url, person, {
        method: 'GET',
        path: `/api/workspaces/${person.workspace}/changes?since=${since}&limit=1000`,
      });
      if (status !== 200) return [...found, `${person.workspace}: ${status} ${text}`];
      const { events, to } = JSON.parse(text) as { events: Change[]; to: number };
      for (const [index, event] of events.entries()) {
        const logged = own[since + index];
        const equal =
          logged &&
          event.seq === logged.seq &&
          event.op === logged.op &&
          event.entity_id === logged.entity_id &&
          same(event.patch, logged.patch);
        if (!equal) found.push(`${person.workspace}: ${event.seq} is not what the log has at ${since + index + 1}`);
      }
      if (events.length === 0) break;
      since = to;
    }
    if (since !== heads.get(person.workspace))
      found.push(`${person.workspace}: the feed ends at ${since}, the head is ${heads.get(person.workspace)}`);
  }
  return found;
}
