import { instant, uuid } from '@taskmaster/contracts/fields';
import type { LedgerEntry, Notification } from '@taskmaster/contracts/http/notifications';
import { Problem } from '@taskmaster/contracts/problems';
import type { RunningRuntime } from '@taskmaster/runtime/create-runtime';
import { statementsOf } from '@taskmaster/runtime/statement';
import { z } from 'zod';
import { announce } from './decide.ts';

const say = statementsOf('notification');
const shown = `id, user_id, task_id, notification_type, message, entries, due_at, sent_at, read_at, late_reason,
  case when withdrawn_at is not null then 'withdrawn' when read_at is not null then 'read' else 'delivered' end as delivery_status`;
const listed = say<Notification>(
  'listed',
  `select ${shown} from notification.notification
   where user_id = $1 and (not $2 or (read_at is null and withdrawn_at is null)) and ($3::timestamptz is null or (sent_at, id) < ($3, $4::uuid))
   order by sent_at desc, id desc limit $5`,
);
const unread = say<{ unread: number }>(
  'unread',
  'select count(*) as unread from notification.notification where user_id = $1 and read_at is null and withdrawn_at is null',
);
const markRead = say<Notification>(
  'mark_read',
  `update notification.notification set read_at = coalesce(read_at, now()) where user_id = $1 and id = $2 returning ${shown}`,
);
const markAllRead = say<{ id: string }>(
  'mark_all_read',
  `update notification.notification set read_at = now() where user_id = $1 and read_at is null and withdrawn_at is null returning id`,
);
const acknowledge = say(
  'acknowledge',
  `update notification.ledger set state = 'acknowledged', acknowledged_at = now()
   where user_id = $1 and notification_id = any($2::uuid[]) and channel = 'app' and state = 'handed_over'`,
);
const ledger = say<LedgerEntry>(
  'ledger',
  `select id, reminder_id, task_id, title, "for", channel, state, due_at, decided_at, next_at, handed_over_at, acknowledged_at,
     late_reason, attempts, error
   from notification.ledger
   where user_id = $1 and ($2::text is null or state = $2) and ($3::uuid is null or task_id = $3)
     and ($4::timestamptz is null or (due_at, id) < ($4, $5::uuid))
   order by due_at desc, id desc limit $6`,
);

interface Page {
  limit: number;
  cursor?: string | undefined;
}

/** What a person was told and will be; each call sees and touches what is theirs alone. */
export function createQueries(runtime: Pick<RunningRuntime<'notification'>, 'transact'>) {
  const asked = (user_id: string) => ({ caller: { user_id, workspace_ids: [] } });
  return {
    async list(user_id: string, query: Page & { unread_only: boolean }) {
      const [after, id] = readCursor(query.cursor);
      const values = [user_id, query.unread_only, after, id, query.limit + 1];
      const [rows, [count]] = await runtime.transact(
        (tx) => Promise.all([tx.query(listed, values), tx.query(unread, [user_id])]),
        { ...asked(user_id), readOnly: true },
      );
      return { ...page(rows, query.limit, (row) => row.sent_at), unread: count?.unread ?? 0 };
    },

    async ledger(user_id: string, query: Page & { state?: string | undefined; task_id?: string | undefined }) {
      const [after, id] = readCursor(query.cursor);
      const values = [user_id, query.state ?? null, query.task_id ?? null, after, id, query.limit + 1];
      const rows = await runtime.transact((tx) => tx.query(ledger, values), { ...asked(user_id), readOnly: true });
      return page(rows, query.limit, (row) => row.due_at);
    },

    /** Reading one that was read is no change. @throws Problem not_found */
    markRead: (user_id: string, id: string): Promise<Notification> =>
      runtime.transact(async (tx, emit) => {
        const [read] = await tx.query(markRead, [user_id, id]);
        if (!read) throw new Problem('not_found');
        tx.write(acknowledge, [user_id, [id]]);
        await announce([], tx, emit, [user_id]);
        return read;
      }, asked(user_id)),

    markAllRead: (user_id: string): Promise<{ read: number }> =>
      runtime.transact(async (tx, emit) => {
        const read = await tx.query(markAllRead, [user_id]);
        if (read.length > 0) {
          tx.write(acknowledge, [user_id, read.map((one) => one.id)]);
          await announce([], tx, emit, [user_id]);
        }
        return { read: read.length };
      }, asked(user_id)),
  };
}
export type Queries = ReturnType<typeof createQueries>;

function page<Row extends { id: string }>(rows: readonly Row[], limit: number, at: (row: Row) => string) {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const next_cursor =
    rows.length > limit && last ? Buffer.from(JSON.stringify([at(last), last.id])).toString('base64url') : null;
  return { items, next_cursor };
}

const cursorSchema = z.tuple([instant, uuid]);

function readCursor(cursor: string | undefined): [string | null, string | null] {
  if (cursor === undefined) return [null, null];
  try {
    return cursorSchema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()));
  } catch {
    // A cursor is ours or it is nothing.
    throw new Problem('invalid', undefined, [{ path: 'cursor', message: 'Not a cursor of this list.' }]);
  }
}
