import type { ChangeEventType } from '@taskmaster/contracts/events/types';
import type { ChangeKind } from '@taskmaster/domain/commands/world';

/** What was done, where no more can be said of it. */
export const verbNames: Readonly<Record<ChangeKind, string>> = {
  created: 'made',
  updated: 'changed',
  completed: 'finished',
  reopened: 'opened again',
  skipped: 'skipped',
  snoozed: 'put off',
  deleted: 'deleted',
  restored: 'brought back',
  erased: 'erased',
};
const lifecycle: ChangeKind[] = ['created', 'updated', 'deleted', 'restored'];
const entities: [entity: string, group: string, one: string, verbs: ChangeKind[]][] = [
  [
    'task',
    'Tasks',
    'Task',
    ['created', 'completed', 'updated', 'skipped', 'snoozed', 'reopened', 'deleted', 'restored'],
  ],
  ['project', 'Projects', 'Project', lifecycle],
  ['tag', 'Tags', 'Tag', lifecycle],
  ['reminder', 'Reminders', 'Reminder', lifecycle],
  ['token', 'Tokens', 'Token', ['created', 'deleted']],
  ['user', 'People', 'Person', [...lifecycle, 'erased']],
  ['workspace', 'Workspaces', 'Workspace', lifecycle],
];

/** Every kind of entry, as one chooses it: by what it is about. */
export const kindGroups: {
  name: string;
  kinds: { type: ChangeEventType | 'com.todo.audit.recorded'; name: string }[];
}[] = [
  ...entities.map(([entity, name, one, verbs]) => ({
    name,
    kinds: verbs.map((verb) => ({
      type: `com.todo.${entity}.${verb}` as ChangeEventType,
      name: `${one} ${verbNames[verb]}`,
    })),
  })),
  {
    name: 'Coming and going',
    kinds: [{ type: 'com.todo.audit.recorded' as const, name: 'Sign-ins, and acts of those who run the place' }],
  },
];
