import { randomUUID } from 'node:crypto';
import { Problem } from '@taskmaster/contracts/problems';
import type { Actor } from '@taskmaster/contracts/sync/changes';
import { personalWorkspaceId } from '@taskmaster/domain/ids';
import type { User } from '@taskmaster/domain/task';
import type { Tx } from '@taskmaster/runtime/runtime';
import { type LockedWorkspace, lockWorkspace, userById } from '../kernel/statements.ts';
import { writeActs } from '../kernel/write.ts';

export interface LockedPerson {
  user: User;
  workspace: LockedWorkspace;
}

/** A person whose row nobody else changes until the end of this transaction. @throws Problem not_found */
export async function lockPerson(tx: Tx<'tasks'>, userId: string): Promise<LockedPerson> {
  const [workspace] = await tx.query(lockWorkspace, [personalWorkspaceId(userId)]);
  const [user] = await tx.query(userById, [userId]);
  if (!workspace || !user) throw new Problem('not_found');
  return { user, workspace };
}

/** A change of a person that no command of theirs makes: it has its place in the log like any other. */
export function changePerson(
  tx: Tx<'tasks'>,
  { user, workspace }: LockedPerson,
  change: { kind: 'updated' | 'deleted' | 'restored' | 'erased'; patch: Partial<User>; before: Partial<User> | null },
  actor: Actor,
  at = new Date().toISOString(),
): void {
  const row: User = { ...user, ...change.patch };
  writeActs(tx, [{ op: randomUUID(), changes: [{ entity: 'user', entity_id: user.id, ...change, row }] }], {
    workspace,
    user_id: user.id,
    actor,
    via: 'account',
    client_id: null,
    at,
  });
}
