import type { HistoryEntry, TaskAnswer } from '@taskmaster/contracts/http/tasks';
import { Problem } from '@taskmaster/contracts/problems';
import {
  applyPatch,
  changedFields,
  type Entity,
  type Patch,
  type Row,
  rowFromPatch,
} from '@taskmaster/domain/registers';
import type { Task } from '@taskmaster/domain/task';
import type { Runtime } from '@taskmaster/runtime/runtime';
import { statementsOf } from '@taskmaster/runtime/statement';
import { type Caller, callerSettings, workspaceIds } from '../caller.ts';
import { columns, tableOf } from '../kernel/columns.ts';
import { remindersOfTasks } from '../kernel/statements.ts';
import { presentTask } from '../present-task.ts';

const say = statementsOf('tasks');
const taskOf = say<Task>(
  'task_of',
  `select ${columns.task.join(', ')} from tasks.task where workspace_id = any($1::uuid[]) and id = $2`,
);
const homes = Object.fromEntries(
  (['task', 'project', 'tag'] as const).map((entity) => [
    entity,
    say<{ workspace_id: string }>(
      `home_of_${entity}`,
      `select workspace_id from ${tableOf(entity)} where workspace_id = any($1::uuid[]) and id = $2`,
    ),
  ]),
);
const successorHome = say<{ workspace_id: string }>(
  'home_of_successor',
  'select workspace_id from tasks.task where workspace_id = any($1::uuid[]) and successor_id = $2',
);
const historyOf = say<HistoryRow>(
  'history_of',
  `select seq, kind, at, actor, via, act_id, causation_id, patch, before, meta from tasks.change
   where workspace_id = any($1::uuid[]) and entity_id = $2 and entity = $3 order by seq`,
);
interface HistoryRow {
  seq: number;
  kind: string;
  at: string;
  actor: HistoryEntry['actor'];
  via: string;
  act_id: string;
  causation_id: string | null;
  patch: Patch;
  before: Patch | null;
  meta: { overwrote?: HistoryEntry['overwrote'] };
}
type Reader = Pick<Runtime<'tasks'>, 'transact'>;

/** One task, deleted ones included. @throws Problem not_found for what is unknown or someone else's. */
export async function getTask(runtime: Reader, caller: Caller, id: string): Promise<TaskAnswer> {
  return runtime.transact(
    async (tx) => {
      const [task] = await tx.query(taskOf, [workspaceIds(caller), id]);
      if (!task) throw new Problem('not_found');
      const reminders = await tx.query(remindersOfTasks, [task.workspace_id, [id]]);
      return presentTask(task, reminders, caller.settings);
    },
    { caller: callerSettings(caller), readOnly: true },
  );
}

/**
 * The workspace that holds a thing. A caller with one workspace needs no look: the command itself finds out. A task may
 * also be the successor that a completed occurrence is about to have.
 */
export async function homeOf(
  runtime: Reader,
  caller: Caller,
  entity: 'task' | 'project' | 'tag',
  id: string,
): Promise<string> {
  const mine = workspaceIds(caller);
  if (mine.length === 1) return mine[0] ?? '';
  const statements = entity === 'task' ? [homes.task, successorHome] : [homes[entity]];
  for (const statement of statements) {
    const [home] = await runtime.transact((tx) => tx.query(statement as typeof successorHome, [mine, id]), {
      caller: callerSettings(caller),
      readOnly: true,
    });
    if (home) return home.workspace_id;
  }
  throw new Problem('not_found');
}

/** Who changed what when, oldest first, each field with its old and new value. */
export async function getHistory(runtime: Reader, caller: Caller, entity: Entity, id: string): Promise<HistoryEntry[]> {
  const rows = await runtime.transact((tx) => tx.query(historyOf, [workspaceIds(caller), id, entity]), {
    caller: callerSettings(caller),
    readOnly: true,
  });
  if (rows.length === 0) throw new Problem('not_found');
  let row: Row | undefined;
  return rows.map((change) => {
    const before = row ?? ({} as Row);
    const after = row ? applyPatch(entity, row, change.patch) : rowFromPatch(entity, id, '', change.patch);
    row = after;
    return {
      sequence: change.seq,
      kind: change.kind,
      at: change.at,
      actor: change.actor,
      via: change.via,
      act_id: change.act_id,
      causation_id: change.causation_id,
      changed: withoutEmpty(changedFields(entity, before, after, change.patch)),
      ...(change.meta.overwrote ? { overwrote: change.meta.overwrote } : {}),
    };
  });
}

/** A creation names every field; those that were and are nothing tell nobody anything. */
const withoutEmpty = (changed: Record<string, [unknown, unknown]>): Record<string, [unknown, unknown]> =>
  Object.fromEntries(Object.entries(changed).filter(([, [was, is]]) => !(isNothing(was) && isNothing(is))));
const isNothing = (value: unknown): boolean =>
  value === null ||
  value === undefined ||
  value === '' ||
  value === false ||
  value === 0 ||
  (Array.isArray(value) && value.length === 0);
