/**
 * Every event there is. A change is its event: type `com.todo.<entity>.<verb>`, topic `task-events`, `sequence` = the
 * change's. Events that are no change carry `cause_sequence` instead. The key of every topic is the workspace.
 */
export const topics = {
  'task-events': { partitions: 3 },
  'task-updates': { partitions: 3 },
} as const;
export type Topic = keyof typeof topics;

const lifecycle = ['created', 'updated', 'deleted', 'restored'] as const;
const verbs = {
  task: [...lifecycle, 'completed', 'reopened', 'skipped', 'snoozed'],
  project: lifecycle,
  tag: lifecycle,
  reminder: lifecycle,
  user: lifecycle,
  workspace: lifecycle,
} as const;

export type ChangeEventType = {
  [E in keyof typeof verbs]: `com.todo.${E}.${(typeof verbs)[E][number]}`;
}[keyof typeof verbs];
export type OtherEventType = 'com.todo.task.occurrence-due' | 'com.todo.task.sync';
export type EventType = ChangeEventType | OtherEventType;

export const changeEventTypes = Object.entries(verbs).flatMap(([entity, of]) =>
  of.map((verb) => `com.todo.${entity}.${verb}` as ChangeEventType),
);

export const topicOf = (type: EventType): Topic => (type === 'com.todo.task.sync' ? 'task-updates' : 'task-events');

/** A sequenced event has its place in the workspace's order; the others are deduplicated by id. */
export const isSequenced = (type: string): boolean =>
  type !== 'com.todo.task.occurrence-due' && type !== 'com.todo.task.sync';

export const eventTypeOf = (entity: string, kind: string): EventType => `com.todo.${entity}.${kind}` as EventType;
