import { Problem } from '@taskmaster/contracts/problems';
import type { Actor } from '@taskmaster/contracts/sync/changes';
import { defaultSettings } from '@taskmaster/domain/commands/settings';
import { personalWorkspaceId } from '@taskmaster/domain/ids';
import { wholePatch } from '@taskmaster/domain/registers';
import type { User, Workspace } from '@taskmaster/domain/task';
import type { RunningRuntime } from '@taskmaster/runtime/create-runtime';
import type { Tx } from '@taskmaster/runtime/runtime';
import { statementsOf } from '@taskmaster/runtime/statement';
import { LRUCache } from 'lru-cache';
import type { Caller } from '../caller.ts';
import { lockWorkspace, userById } from '../kernel/statements.ts';
import { writeActs } from '../kernel/write.ts';
import { changePerson, lockPerson } from './person-changes.ts';
import type { Session } from './sessions.ts';

const say = statementsOf('tasks');
const memberships = say<Caller['workspaces'][number]>(
  'memberships',
  `select w.id, w.kind, w.name, m.role from tasks.member m join tasks.workspace w on w.id = m.workspace_id
   where m.user_id = $1 and w.deleted_at is null order by w.kind, w.created_at`,
);
const newWorkspace = say(
  'new_workspace',
  `insert into tasks.workspace (id, kind, name, owner_id, created_at, updated_at) values ($1, 'personal', $2, $3, $4, $4) on conflict do nothing`,
);
const standingOf = say<Pick<User, 'id' | 'role' | 'deleted_at'>>(
  'standing_of',
  'select id, role, deleted_at from tasks."user" where id = any($1::uuid[])',
);
/** Of everybody else with an open account: whether one of them runs the place. No row where there is nobody else. */
const othersHere = say<{ has_admin: boolean }>(
  'others_here',
  `select bool_or(role = 'admin') as has_admin from tasks."user" where id <> $1 and deleted_at is null having count(*) > 0`,
);
const lockRoles = say('lock_roles', `select pg_advisory_xact_lock(hashtext('tasks: who runs the place'))`);
const newMember = say(
  'new_member',
  `insert into tasks.member (workspace_id, user_id, role) values ($1, $2, 'owner') on conflict do nothing`,
);

/**
 * Whether one of the others with an open account runs the place, and whether there is nobody else at all. Nobody's role changes,
 * and nobody comes first or leaves, until the transaction ends.
 */
export async function lockOthers(tx: Tx<'tasks'>, userId: string): Promise<{ anAdmin: boolean; nobody: boolean }> {
  tx.write(lockRoles, []);
  const [others] = await tx.query(othersHere, [userId]);
  return { anAdmin: others?.has_admin ?? false, nobody: others === undefined };
}

const TRUSTED_FOR = 5_000;

/**
 * The people we know: their settings and memberships. The first request of a person makes their workspace (idempotent: its
 * id is derived), and copies what Better Auth changed on its own: address, verification.
 */
export function createPeople(runtime: Pick<RunningRuntime<'tasks'>, 'background'>) {
  const known = new LRUCache<string, { caller: Caller; at: number }>({ max: 20_000 });

  async function read(userId: string): Promise<{ user: User | undefined; workspaces: Caller['workspaces'] }> {
    return runtime.background(async (tx) => {
      const [[user], workspaces] = await Promise.all([tx.query(userById, [userId]), tx.query(memberships, [userId])]);
      return { user, workspaces };
    });
  }

  return {
    async caller(session: Session): Promise<Caller> {
      const cached = known.get(session.user_id);
      if (cached && Date.now() - cached.at < TRUSTED_FOR) return cached.caller;
      let found = await read(session.user_id);
      if (
        !found.user ||
        (found.user.deleted_at === null &&
          (found.user.email !== session.email || found.user.email_verified !== session.email_verified))
      ) {
        await runtime.background((tx) => ensurePerson(tx, session));
        found = await read(session.user_id);
      }
      const caller = callerFrom(found.user as User, found.workspaces);
      known.set(caller.user_id, { caller, at: Date.now() });
      return caller;
    },
    /** Somebody who is not calling now; undefined where there is no such person. */
    async known(userId: string): Promise<Caller | undefined> {
      const cached = known.get(userId);
      if (cached && Date.now() - cached.at < TRUSTED_FOR) return cached.caller;
      const { user, workspaces } = await read(userId);
      if (!user || user.deleted_at !== null) return undefined;
      const caller = callerFrom(user, workspaces);
      known.set(userId, { caller, at: Date.now() });
      return caller;
    },
    /** Also somebody who closed their account; undefined where there never was such a person, or they were erased. */
    async whoever(userId: string): Promise<Caller | undefined> {
      const { user, workspaces } = await read(userId);
      return user && workspaces.length > 0 ? callerFrom(user, workspaces) : undefined;
    },
    /** After a change of settings or memberships by this process. */
    forget(userId: string): void {
      known.delete(userId);
    },
    /** Gives somebody the running of the place, or takes it. @throws Problem not_found | conflict */
    async setRole(userId: string, role: User['role'], by: Actor): Promise<void> {
      await runtime.background(async (tx) => {
        const others = await lockOthers(tx, userId);
        const person = await lockPerson(tx, userId);
        const { role: before, deleted_at } = person.user;
        if (deleted_at !== null) throw new Problem('conflict', 'This account is closed.');
        if (before === role) return;
        if (role === 'user' && !others.anAdmin)
          throw new Problem('conflict', 'Somebody has to run the place: let another person run it first.');
        changePerson(tx, person, { kind: 'updated', patch: { role }, before: { role: before } }, by);
      });
      known.delete(userId);
    },
    /** What whoever runs the place is shown of each: by id. */
    standing: async (userIds: readonly string[]): Promise<Map<string, Pick<User, 'role' | 'deleted_at'>>> => {
      const rows = await runtime.background((tx) => tx.query(standingOf, [userIds]), { readOnly: true });
      return new Map(rows.map(({ id, ...row }) => [id, row]));
    },
    workspacesOf: async (userId: string): Promise<string[]> =>
      (await read(userId)).workspaces.map((workspace) => workspace.id),
  };
}
export type People = ReturnType<typeof createPeople>;

const callerFrom = (user: User, workspaces: Caller['workspaces']): Caller => ({
  user_id: user.id,
  name: user.name,
  email: user.email,
  email_verified: user.email_verified,
  role: user.role,
  closed_at: user.deleted_at,
  settings: { ...defaultSettings, ...user.settings },
  workspaces,
  actor: { kind: 'user', id: user.id },
});

async function ensurePerson(tx: Tx<'tasks'>, session: Session): Promise<void> {
  const id = personalWorkspaceId(session.user_id);
  const at = new Date().toISOString();
  const others = await lockOthers(tx, session.user_id);
  tx.write(newWorkspace, [id, 'Personal', session.user_id, at]);
  tx.write(newMember, [id, session.user_id]);
  const [[workspace], [user]] = await Promise.all([
    tx.query(lockWorkspace, [id]),
    tx.query(userById, [session.user_id]),
  ]);
  if (!workspace) throw new Error('The personal workspace is not there.');
  // What is closed stays as it is: of what is erased nothing comes back.
  if (user && user.deleted_at !== null) return;
  // Another request of the same person may have done it while this one waited.
  if (user?.email === session.email && user.email_verified === session.email_verified) return;
  const copied = { name: user?.name ?? session.name, email: session.email, email_verified: session.email_verified };
  const row: User = user
    ? { ...user, email: copied.email, email_verified: copied.email_verified }
    : {
        id: session.user_id,
        workspace_id: id,
        ...copied,
        // The first account of the place runs it.
        role: others.nobody ? 'admin' : 'user',
        settings: defaultSettings,
        deleted_at: null,
        created_at: at,
        updated_at: at,
        version: 0,
      };
  const options = {
    workspace,
    user_id: session.user_id,
    actor: { kind: 'system' as const, id: 'auth' },
    via: 'auth',
    client_id: null,
    at,
  };
  const change = user
    ? {
        kind: 'updated' as const,
        patch: copied,
        before: { name: user.name, email: user.email, email_verified: user.email_verified },
      }
    : { kind: 'created' as const, patch: wholePatch('user', row), before: null };
  const space: Workspace = {
    id,
    workspace_id: id,
    kind: 'personal',
    name: 'Personal',
    owner_id: session.user_id,
    deleted_at: null,
    created_at: at,
    updated_at: at,
    version: 0,
  };
  const changes = [
    ...(user
      ? []
      : [
          {
            entity: 'workspace' as const,
            entity_id: id,
            kind: 'created' as const,
            patch: wholePatch('workspace', space),
            before: null,
            row: space,
          },
        ]),
    { entity: 'user' as const, entity_id: row.id, ...change, row },
  ];
  writeActs(tx, [{ op: session.user_id, changes }], options);
}
