import { canonical, chainOfWorkspace } from '@taskmaster/contracts/audit/chain';
import type { ChangeEvent } from '@taskmaster/contracts/events/event';
import type { Tx } from '@taskmaster/runtime/runtime';
import { statementsOf } from '@taskmaster/runtime/statement';
import { entryKey, type Keys, seal } from './seal.ts';

const say = statementsOf('audit');

/** Head and entry in one statement: the chain's row is the lock, and its hash is the one that the entry goes on from. */
const append = say(
  'append',
  `with head as (
     insert into audit.chain (chain, seq, hash) values ($1, 1, sha256(sha256(convert_to($1, 'UTF8')) || convert_to($2, 'UTF8')))
     on conflict (chain) do update set seq = chain.seq + 1, hash = sha256(chain.hash || convert_to($2, 'UTF8'))
     returning seq, hash
   )
   insert into audit.audit_logs (chain, seq, hash, stored, event_id, at, workspace_id, user_id, actor, event_type,
     resource_type, resource_id, task_id, action, correlation_id, sequence)
   select $1, head.seq, head.hash, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14 from head`,
);

/** The filter columns of an entry: nothing but what its stored text says. */
export function columnsOf(event: ChangeEvent) {
  const { data } = event;
  const [, , resource_type = '', action = ''] = event.type.split('.');
  return {
    event_id: event.id,
    at: event.time,
    workspace_id: data.workspace_id,
    user_id: data.user_id,
    actor: data.meta.actor,
    event_type: event.type,
    resource_type,
    resource_id: event.subject,
    task_id: data.task_id ?? null,
    action,
    correlation_id: data.meta.correlation_id,
    sequence: data.sequence,
  };
}

/**
 * Witnesses a change: the event in canonical form, its payload sealed for its person, behind the entry before it. It stores
 * and never judges, so there is nothing to refuse. What the carrier adds (`traceparent`) is left out.
 */
export async function witness(event: ChangeEvent, tx: Tx<'audit'>, keys: Keys): Promise<void> {
  const { traceparent: _carrier, ...said } = event;
  const key = entryKey(await keys.of(event.data.user_id), event.id);
  const stored = canonical({ ...said, data: { ...said.data, payload: { sealed: seal(key, event.data.payload) } } });
  const of = columnsOf(event);
  tx.write(append, [
    chainOfWorkspace(event.data.workspace_id),
    stored,
    of.event_id,
    of.at,
    of.workspace_id,
    of.user_id,
    JSON.stringify(of.actor),
    of.event_type,
    of.resource_type,
    of.resource_id,
    of.task_id,
    of.action,
    of.correlation_id,
    of.sequence,
  ]);
}
