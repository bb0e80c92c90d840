import type { Event } from '@taskmaster/contracts/events/event';
import type { DeadLetter, Statement } from './runtime.ts';

/** How far a consumer has come in a workspace; `held`: events of it wait in the inbox. */
export interface Cursor {
  workspace_id: string;
  epoch: string;
  sequence: number;
  held: boolean;
}
/** An event that waits, and for how long still. */
export interface Held {
  event_id: string;
  workspace_id: string;
  sequence: number | null;
  event: Event;
  attempts: number;
  waits_ms: number;
}

/** The statements of cursors, inbox, seen and dead letters: the same tables stand in each service's schema. */
export function inboxStatements<Owner extends string>(schema: Owner) {
  const say = <Row = never>(name: string, text: string): Statement<Owner, Row> => ({
    owner: schema,
    name: `${schema}_inbox_${name}`,
    text: text.replaceAll('$schema', schema),
  });
  const held = `event_id, workspace_id, sequence, event, attempts,
    greatest(0, ceil(extract(epoch from next_at - clock_timestamp()) * 1000))::int as waits_ms`;
  return {
    cursors: say<Cursor>(
      'cursors',
      'select workspace_id, epoch, sequence, held from $schema.cursor where consumer = $1 and workspace_id = any($2::uuid[])',
    ),
    lockCursors: say<Cursor>(
      'lock_cursors',
      `select workspace_id, epoch, sequence, held from $schema.cursor
       where consumer = $1 and workspace_id = any($2::uuid[]) order by workspace_id for update`,
    ),
    startCursor: say(
      'start_cursor',
      'insert into $schema.cursor (consumer, workspace_id, epoch, sequence) values ($1, $2, $3, 0) on conflict do nothing',
    ),
    moveCursors: say(
      'move_cursors',
      `update $schema.cursor c set sequence = m.sequence, held = m.held
       from unnest($2::uuid[], $3::bigint[], $4::boolean[]) m (workspace_id, sequence, held)
       where c.consumer = $1 and c.workspace_id = m.workspace_id`,
    ),
    hold: say(
      'hold',
      'insert into $schema.inbox (consumer, event_id, workspace_id, sequence, event) values ($1, $2, $3, $4, $5) on conflict do nothing',
    ),
    failed: say(
      'failed',
      `update $schema.inbox set attempts = $3::int, next_at = clock_timestamp() + $4::int * interval '1 millisecond', error = $5
       where consumer = $1 and event_id = $2`,
    ),
    release: say('release', 'delete from $schema.inbox where consumer = $1 and event_id = $2'),
    headOfInbox: say<Held>(
      'head',
      `select ${held} from $schema.inbox where consumer = $1 and workspace_id = $2 and sequence is not null order by sequence limit 1`,
    ),
    held: say<Held>('held', `select ${held} from $schema.inbox where consumer = $1 and event_id = $2`),
    waiting: say<{ workspace_id: string; event_id: string; sequence: number | null }>(
      'waiting',
      `select workspace_id, event_id, sequence from $schema.inbox where consumer = $1
       union all select workspace_id, workspace_id, 0 from $schema.cursor where consumer = $1 and held`,
    ),
    left: say<{ event_id: string }>(
      'left',
      `select event_id from $schema.inbox where consumer = $1 and sequence is null
       and coalesce(next_at, received_at) < now() - interval '1 minute' limit 100`,
    ),
    bury: say(
      'bury',
      `insert into $schema.dead_letter (id, consumer, event_id, workspace_id, sequence, event, attempts, error)
       select gen_random_uuid(), consumer, event_id, workspace_id, sequence, event, attempts, coalesce(error, 'unknown')
       from $schema.inbox where consumer = $1 and event_id = $2 on conflict do nothing`,
    ),
    seeOnce: say<{ event_id: string }>(
      'see_once',
      'insert into $schema.seen (consumer, event_id) values ($1, $2) on conflict do nothing returning event_id',
    ),
    deadLetters: say<DeadLetter>(
      'dead_letters',
      'select * from $schema.dead_letter order by failed_at desc limit 1000',
    ),
    deadLetter: say<DeadLetter>('dead_letter', 'select * from $schema.dead_letter where id = $1'),
    lockDeadLetter: say<DeadLetter>('lock_dead_letter', 'select * from $schema.dead_letter where id = $1 for update'),
    replayed: say('replayed', `update $schema.dead_letter set replayed_at = now(), outcome = $2 where id = $1`),
    counts: say<{ inbox: number; dead_letters: number; outbox: number }>(
      'counts',
      `select (select count(*) from $schema.inbox) as inbox,
              (select count(*) from $schema.dead_letter where replayed_at is null) as dead_letters,
              (select count(*) from $schema.outbox where published_at is null) as outbox`,
    ),
    sweepSeen: say('sweep_seen', `delete from $schema.seen where seen_at < now() - interval '35 days'`),
    // By its birth: sent again it must not outlive what says of it that it was seen.
    sweepOutbox: say(
      'sweep_outbox',
      `delete from $schema.outbox where published_at is not null and created_at < now() - interval '35 days'`,
    ),
  };
}
