import { type AuditRecorded, EVENT_SOURCE, schemaAddress } from '@taskmaster/contracts/events/event';
import { INSTALLATION_ID, personalWorkspaceId } from '@taskmaster/domain/ids';
import type { Runtime } from '@taskmaster/runtime/runtime';
import { currentTrail } from '@taskmaster/runtime/telemetry';
import { v7 } from 'uuid';
import type { AdminAct } from '../http/admin.ts';

export interface Act {
  action: 'signed_up' | 'signed_in' | 'sign_in_failed' | 'signed_out' | AdminAct['action'];
  /** Null: nobody known. */
  user_id: string | null;
  ip: string;
  user_agent?: string;
  detail?: Record<string, unknown>;
}

/** Where an act of the operator on their socket comes from. */
export const OPERATOR = 'operator';

/** Makes an act that is no change known to the audit log. Durable when this resolves. */
export async function recordAct(runtime: Pick<Runtime<'tasks'>, 'transact'>, act: Act): Promise<void> {
  const trail = currentTrail();
  const id = v7();
  const event: AuditRecorded = {
    specversion: '1.0',
    id,
    source: EVENT_SOURCE,
    type: 'com.todo.audit.recorded',
    subject: act.user_id ?? INSTALLATION_ID,
    time: new Date().toISOString(),
    datacontenttype: 'application/json',
    dataschema: schemaAddress('audit-recorded'),
    ...(trail?.traceparent ? { traceparent: trail.traceparent } : {}),
    data: {
      user_id: act.user_id,
      workspace_id: act.user_id ? personalWorkspaceId(act.user_id) : INSTALLATION_ID,
      idempotency_key: id,
      meta: {
        actor: act.user_id
          ? { kind: 'user', id: act.user_id }
          : { kind: 'system', id: act.ip === OPERATOR ? 'operator' : 'nobody known' },
        via: 'rest',
        ...(trail?.request_id ? { request_id: trail.request_id } : {}),
        correlation_id: trail?.correlation_id ?? id,
        causation_id: null,
        ip: act.ip,
        ...(act.user_agent ? { user_agent: act.user_agent.slice(0, 300) } : {}),
      },
      payload: { action: act.action, detail: act.detail ?? {} },
    },
  };
  await runtime.transact(async (_tx, emit) => emit(event));
}
