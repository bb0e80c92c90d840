import type { OccurrenceDue } from '@taskmaster/contracts/events/event';
import { bringAboutSuccessor } from '@taskmaster/domain/commands/successor';
import { Draft } from '@taskmaster/domain/commands/world';
import type { Settings } from '@taskmaster/domain/task';
import { localOf } from '@taskmaster/domain/time/zoned';
import type { Tx } from '@taskmaster/runtime/runtime';
import { load } from '../kernel/load.ts';
import * as sql from '../kernel/statements.ts';
import { writeActs } from '../kernel/write.ts';

/**
 * A completed slot gets its successor, once ever: the id is derived, the row is made under the workspace lock, and only if
 * the predecessor is still completed by the same completion.
 */
export async function handleOccurrenceDue(event: OccurrenceDue, tx: Tx<'tasks'>): Promise<void> {
  const { workspace_id, task_id, user_id, payload } = event.data;
  const locked = tx.query(sql.lockWorkspace, [workspace_id]);
  const person = tx.query(sql.userById, [user_id]);
  const loading = load(tx, workspace_id, user_id, [
    { op: event.id, kind: 'update', entity: 'task', id: payload.successor_id, patch: {} },
  ]);
  const [[workspace], [user]] = await Promise.all([locked, person, loading.sent]);
  const predecessor = loading.world().get('task', task_id);
  if (!workspace || predecessor?.completion_id !== payload.completion_id) return;
  const now = new Date();
  const time_zone = (user?.settings as Settings | undefined)?.time_zone ?? 'UTC';
  const local = localOf(now, time_zone);
  const at = now.toISOString();
  const draft = new Draft(loading.world(), {
    at,
    user_id,
    workspace_id,
    time_zone,
    today: local.date,
    time: local.time,
    offline: false,
  });
  if (!bringAboutSuccessor(draft, payload.successor_id)) return;
  writeActs(tx, [{ op: event.id, changes: draft.changes, causation_id: event.data.meta.causation_id }], {
    workspace,
    user_id,
    actor: { kind: 'system', id: 'recurring' },
    via: 'recurring',
    client_id: null,
    at,
  });
}
