import type { FastifyRequest } from 'fastify';

/** Whoever runs the place: an administrator, or the operator on their socket (null). */
export interface Admin {
  user_id: string | null;
}
/** What they did, for the audit log. */
export interface AdminAct {
  request: FastifyRequest;
  by: Admin;
  action: 'password_reset_link_made' | 'invitation_made' | 'dead_letter_replayed' | 'backup_made';
  detail?: Record<string, unknown>;
}
