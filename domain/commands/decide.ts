import { completeTask } from './complete-task.ts';
import { createTask } from './create-task.ts';
import { deleteTask } from './delete-task.ts';
import { createProject, deleteProject, restoreProject, updateProject } from './projects.ts';
import { createReminder, deleteReminder, updateReminder } from './reminders.ts';
import { reopenTask } from './reopen-task.ts';
import { restoreTask } from './restore-task.ts';
import { updateUser } from './settings.ts';
import { skipTask } from './skip-task.ts';
import { snoozeTask } from './snooze-task.ts';
import { bringAboutSuccessor } from './successor.ts';
import { createTag, deleteTag, updateTag } from './tags.ts';
import { createToken, deleteToken } from './tokens.ts';
import { updateTask } from './update-task.ts';
import { type Command, type Decision, Draft, type Moment, type Op, refuse, type World } from './world.ts';

const commands: { readonly [key: string]: Command } = {
  'task create': createTask,
  'task update': updateTask,
  'task complete': completeTask,
  'task reopen': reopenTask,
  'task skip': skipTask,
  'task snooze': snoozeTask,
  'task delete': deleteTask,
  'task restore': restoreTask,
  'project create': createProject,
  'project update': updateProject,
  'project delete': deleteProject,
  'project restore': restoreProject,
  'tag create': createTag,
  'tag update': updateTag,
  'tag delete': deleteTag,
  'reminder create': createReminder,
  'reminder update': updateReminder,
  'reminder delete': deleteReminder,
  'token create': createToken,
  'token delete': deleteToken,
  'user update': updateUser,
};

/**
 * Decides ops as one act: all of them or, at the first refusal, none. Pure: the same world and moment give the same
 * changes on the server and on every device. An op on the successor of a completed occurrence makes that successor first.
 */
export function decide(world: World, moment: Moment, ops: readonly Op[]): Decision {
  const draft = new Draft(world, moment);
  for (const op of ops) {
    const command = commands[`${op.entity} ${op.kind}`];
    if (!command) return refuse('invalid', { path: 'kind', message: `A ${op.entity} has no ${op.kind}.` });
    if (op.entity === 'task' && op.kind !== 'create') bringAboutSuccessor(draft, op.id);
    const refusal = command(draft, op);
    if (refusal) return refusal;
  }
  return { ok: true, changes: draft.changes };
}
