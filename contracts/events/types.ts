/**
 * Every event there is. A change is its event: type `com.todo.<entity>.<verb>`, topic `task-events`, `sequence` = the
 * change's. Events that are no change carry `cause_sequence` instead. The key of every topic is the workspace.
 */
export const topics = {
  'task-events': { partitions: 3 },
  'task-updates': { partitions: 3 },
  reminders: { partitions: 1 },
  'audit-log': { partitions: 1 },
} as const;
export type Topic = keyof typeof topics;

const lifecycle = ['created', 'updated', 'deleted', 'restored'] as const;
const verbs = {
  task: [...lifecycle, 'completed', 'reopened', 'skipped', 'snoozed'],
  project: lifecycle,
  tag: lifecycle,
  reminder: lifecycle,
  token: ['created', 'deleted'],
  /** `erased`: also whatever was in that place of the log before its person was erased. */
  user: [...lifecycle, 'erased'],
  workspace: lifecycle,
} as const;

export type ChangeEventType = {
  [E in keyof typeof verbs]: `com.todo.${E}.${(typeof verbs)[E][number]}`;
}[keyof typeof verbs];
/** What is no change, and the topic it goes to. */
const others = {
  'com.todo.task.occurrence-due': 'task-events',
  'com.todo.task.sync': 'task-updates',
  'com.todo.reminder.triggered': 'reminders',
  'com.todo.notification.updated': 'reminders',
  'com.todo.audit.recorded': 'audit-log',
} as const;
/** Only open sockets see these, and are told the newest when they open: sent again they would be stale. */
export const passingEventTypes: readonly EventType[] = ['com.todo.task.sync', 'com.todo.notification.updated'];
export type OtherEventType = keyof typeof others;
export type EventType = ChangeEventType | OtherEventType;

export const changeEventTypes = Object.entries(verbs).flatMap(([entity, of]) =>
  of.map((verb) => `com.todo.${entity}.${verb}` as ChangeEventType),
);

export const topicOf = (type: EventType): Topic => (others as Partial<Record<EventType, Topic>>)[type] ?? 'task-events';

/** A sequenced event has its place in the workspace's order; the others are deduplicated by id. */
export const isSequenced = (type: string): boolean => !(type in others);

export const eventTypeOf = (entity: string, kind: string): EventType => `com.todo.${entity}.${kind}` as EventType;
