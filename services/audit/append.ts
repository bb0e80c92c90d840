import { canonical, chainOfUser, chainOfWorkspace, INSTALLATION_CHAIN } from '@taskmaster/contracts/audit/chain';
import type { AuditRecorded, ChangeEvent } from '@taskmaster/contracts/events/event';
import { INSTALLATION_ID } from '@taskmaster/domain/ids';
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
export function columnsOf(event: ChangeEvent | AuditRecorded) {
  const { data } = event;
  const isAct = event.type === 'com.todo.audit.recorded';
  const [, , resource_type = '', action = ''] = isAct ? ['', '', 'account', actionOf(event)] : event.type.split('.');
  return {
    event_id: event.id,
    at: event.time,
    workspace_id: isAct ? null : data.workspace_id,
    user_id: data.user_id,
    actor: data.meta.actor,
    event_type: event.type,
    resource_type,
    resource_id: event.subject,
    task_id: 'task_id' in data ? (data.task_id ?? null) : null,
    action,
    correlation_id: data.meta.correlation_id,
    sequence: 'sequence' in data ? data.sequence : null,
  };
}

/** Which act it was stands beside the sealed payload: a filter needs it, and it tells nothing of anybody. */
const actionOf = (event: AuditRecorded): string => event.data.payload.action;

/**
 * Witnesses a change, or an act that is none: the event in canonical form, its payload and where it came from sealed for its
 * person, behind the entry before it. It stores and never judges, so there is nothing to refuse. What the carrier adds (`traceparent`) is left out.
 */
export async function witness(event: ChangeEvent | AuditRecorded, tx: Tx<'audit'>, keys: Keys): Promise<void> {
  const { traceparent: _carrier, ...said } = event;
  const key = entryKey(await keys.of(event.data.user_id ?? INSTALLATION_ID, tx), event.id);
  const {
    payload,
    meta: { ip, user_agent, ...meta },
  } = { ...event.data, meta: event.data.meta as AuditRecorded['data']['meta'] };
  const open = 'action' in payload ? { action: payload.action } : {};
  const sealed = seal(key, { payload, ...(ip ? { ip } : {}), ...(user_agent ? { user_agent } : {}) });
  const stored = canonical({ ...said, data: { ...said.data, meta, payload: { ...open, sealed } } });
  const of = columnsOf(event);
  tx.write(append, [
    chainOf(event),
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

function chainOf(event: ChangeEvent | AuditRecorded): string {
  if (event.type !== 'com.todo.audit.recorded') return chainOfWorkspace(event.data.workspace_id);
  return event.data.user_id ? chainOfUser(event.data.user_id) : INSTALLATION_CHAIN;
}
