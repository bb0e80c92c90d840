import type { Moment } from '@taskmaster/domain/commands/world';
import type { Settings } from '@taskmaster/domain/task';
import { localOf } from '@taskmaster/domain/time/zoned';

/** Who is calling, as far as commands and queries need to know. */
export interface Caller {
  user_id: string;
  name: string;
  email: string;
  email_verified: boolean;
  role: 'admin' | 'user';
  /** When they closed their account; it opens nothing then. */
  closed_at: string | null;
  settings: Settings;
  /** Memberships, the personal workspace first. */
  workspaces: { id: string; kind: 'personal' | 'team'; name: string; role: 'owner' | 'editor' | 'viewer' }[];
  actor: { kind: 'user' | 'token' | 'agent' | 'system'; id: string };
}

export const workspaceIds = (caller: Caller): string[] => caller.workspaces.map((workspace) => workspace.id);
export const personalWorkspace = (caller: Caller): string => caller.workspaces[0]?.id ?? '';

/** For row-level security. */
export const callerSettings = (caller: Caller) => ({ user_id: caller.user_id, workspace_ids: workspaceIds(caller) });

/** This instant on the caller's wall clock. */
export function momentOf(caller: Caller, workspaceId: string, now: Date, offline = false): Moment {
  const local = localOf(now, caller.settings.time_zone);
  return {
    at: now.toISOString(),
    user_id: caller.user_id,
    workspace_id: workspaceId,
    time_zone: caller.settings.time_zone,
    today: local.date,
    time: local.time,
    offline,
  };
}
