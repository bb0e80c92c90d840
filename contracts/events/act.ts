import { INSTALLATION_ID, personalWorkspaceId } from '@taskmaster/domain/ids';
import { type AuditRecorded, envelopeOf } from './event.ts';

/** Something that somebody did and that is no change. */
export interface Act {
  action:
    | 'signed_up'
    | 'signed_in'
    | 'sign_in_failed'
    | 'signed_out'
    | 'sessions_ended'
    | 'password_changed'
    | 'password_reset'
    | 'audit_log_exported'
    | 'refused'
    | 'account_closed'
    | 'account_reopened'
    | 'password_reset_link_made'
    | 'invitation_made'
    | 'dead_letter_replayed'
    | 'events_sent_again'
    | 'backup_made'
    | 'restored';
  /** The person; `operator` on their socket or in their terminal; null where nobody is known. */
  who: { user_id: string } | 'operator' | null;
  /** It was done to that person by somebody nobody knows. */
  by_stranger?: boolean | undefined;
  via: string;
  detail?: Record<string, unknown> | undefined;
  ip?: string | undefined;
  user_agent?: string | undefined;
}

/** The event by which the audit log hears of an act. */
export function actEvent(
  { action, who, by_stranger, via, detail, ip, user_agent }: Act,
  of: {
    id: string;
    time: string;
    request_id?: string | undefined;
    correlation_id?: string;
    traceparent?: string | undefined;
  },
): AuditRecorded {
  const user_id = who === null || who === 'operator' ? null : who.user_id;
  return {
    ...envelopeOf('audit-recorded', { ...of, subject: user_id ?? INSTALLATION_ID }),
    type: 'com.todo.audit.recorded',
    data: {
      user_id,
      workspace_id: user_id ? personalWorkspaceId(user_id) : INSTALLATION_ID,
      idempotency_key: of.id,
      meta: {
        actor:
          user_id && !by_stranger
            ? { kind: 'user', id: user_id }
            : { kind: 'system', id: who === 'operator' ? who : 'nobody known' },
        via,
        ...(of.request_id ? { request_id: of.request_id } : {}),
        correlation_id: of.correlation_id ?? of.id,
        causation_id: null,
        ...(ip ? { ip } : {}),
        ...(user_agent ? { user_agent: user_agent.slice(0, 300) } : {}),
      },
      payload: { action, detail: detail ?? {} },
    },
  };
}
