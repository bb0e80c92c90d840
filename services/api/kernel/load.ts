import type { Op, World } from '@taskmaster/domain/commands/world';
import { foldName, tagId } from '@taskmaster/domain/ids';
import type { Entity, Rows } from '@taskmaster/domain/registers';
import type { Project, Reminder, Tag, Task, Token, User } from '@taskmaster/domain/task';
import type { Tx } from '@taskmaster/runtime/runtime';
import * as sql from './statements.ts';

/** The ops that reach beyond the rows they name. */
const reaching = new Set(['complete', 'reopen', 'delete', 'restore', 'skip']);

interface Wanted {
  tasks: Set<string>;
  families: Set<string>;
  projects: Set<string>;
  wholeProjects: Set<string>;
  tags: Set<string>;
  retagged: Set<string>;
  reminders: Set<string>;
  remindersOf: Set<string>;
  tokens: Set<string>;
  user: boolean;
  endOfProject: Set<string | null>;
  endOfParent: Set<string>;
}

function wantedBy(ops: readonly Op[], workspaceId: string): Wanted {
  const wanted: Wanted = {
    tasks: new Set(),
    families: new Set(),
    projects: new Set(),
    wholeProjects: new Set(),
    tags: new Set(),
    retagged: new Set(),
    reminders: new Set(),
    remindersOf: new Set(),
    tokens: new Set(),
    user: false,
    endOfProject: new Set(),
    endOfParent: new Set(),
  };
  for (const op of ops) {
    const patch = op.patch as {
      name?: string;
      task_id?: string;
      place?: Record<string, string | null>;
      tags?: { add: string[] };
    };
    if (op.entity === 'user') wanted.user = true;
    if (op.entity === 'token') wanted.tokens.add(op.id);
    if (op.entity === 'reminder') {
      wanted.reminders.add(op.id);
      if (patch.task_id) wanted.families.add(patch.task_id);
    }
    if (op.entity === 'tag') {
      wanted.tags.add(op.id);
      if (patch.name) wanted.tags.add(tagId(workspaceId, patch.name.trim()));
      if (op.kind !== 'create') wanted.retagged.add(op.id);
    }
    if (op.entity === 'project') {
      wanted.projects.add(op.id);
      if (op.kind === 'delete' || op.kind === 'restore') wanted.wholeProjects.add(op.id);
    }
    if (op.entity !== 'task') continue;
    for (const name of patch.tags?.add ?? []) wanted.tags.add(tagId(workspaceId, name.trim()));
    if (patch.place?.project_id) wanted.projects.add(patch.place.project_id);
    if (patch.place?.parent_id) wanted.families.add(patch.place.parent_id);
    if (op.kind === 'create') wanted.tasks.add(op.id);
    else wanted[reaching.has(op.kind) || patch.place ? 'families' : 'tasks'].add(op.id);
    if (op.kind !== 'create') wanted.remindersOf.add(op.id);
    const needsPosition = op.kind === 'create' ? !patch.place?.position : patch.place?.position === '';
    if (needsPosition && patch.place?.parent_id) wanted.endOfParent.add(patch.place.parent_id);
    else if (needsPosition) wanted.endOfProject.add(patch.place?.project_id ?? null);
  }
  return wanted;
}

/** Sends, in one flight, the reads that these ops need; `world` awaits them. Rows of other workspaces are never among them. */
export function load(
  tx: Tx<'tasks'>,
  workspaceId: string,
  userId: string,
  ops: readonly Op[],
): { sent: Promise<void>; world(): World } {
  const wanted = wantedBy(ops, workspaceId);
  const world = new LoadedWorld();
  const sends: Promise<void>[] = [];
  const send = <Row>(
    ids: ReadonlySet<string>,
    statement: Parameters<typeof tx.query<Row>>[0],
    take: (row: Row) => void,
  ): void => {
    if (ids.size > 0) sends.push(tx.query(statement, [workspaceId, [...ids]]).then((rows) => rows.forEach(take)));
  };
  send(wanted.tasks, sql.tasksById, (row) => world.addTask(row));
  send(wanted.families, sql.familiesOf, (row) => world.addTask(row));
  send(wanted.wholeProjects, sql.tasksOfProject, (row) => world.addTask(row));
  send(wanted.retagged, sql.tasksWithTags, (row) => world.addTask(row));
  send(wanted.projects, sql.projectsById, (row) => world.add('project', row));
  send(wanted.tags, sql.tagsById, (row) => world.add('tag', row));
  send(wanted.tokens, sql.tokensById, (row) => world.add('token', row));
  send(wanted.reminders, sql.remindersById, (row) => world.add('reminder', row));
  send(wanted.remindersOf, sql.remindersOfTasks, (row) => world.add('reminder', row));
  if (wanted.user)
    sends.push(tx.query(sql.userById, [userId]).then(([row]) => (row ? world.add('user', row) : undefined)));
  for (const project of wanted.endOfProject) {
    const last =
      project === null
        ? tx.query(sql.lastPositionInInbox, [workspaceId])
        : tx.query(sql.lastPosition, [workspaceId, project]);
    sends.push(last.then(([row]) => world.setEnd(`${project}:`, row?.position ?? null)));
  }
  for (const parent of wanted.endOfParent) {
    sends.push(
      tx
        .query(sql.lastPositionBelow, [workspaceId, parent])
        .then(([row]) => world.setEnd(`:${parent}`, row?.position ?? null)),
    );
  }
  const news = new Set(ops.filter((op) => op.kind === 'create').map((op) => op.id));
  const sent = async (): Promise<void> => {
    await Promise.all(sends);
    // Not there: it may be the successor that a completed occurrence is about to have.
    const missing = [...wanted.tasks].filter((id) => !news.has(id) && !world.get('task', id));
    if (missing.length > 0)
      for (const row of await tx.query(sql.familiesOf, [workspaceId, missing])) world.addTask(row);
    // What comes back looks whether its project is still there.
    const projects = ops.some((op) => op.kind === 'restore') ? world.projectsNotLoaded() : [];
    if (projects.length > 0)
      for (const row of await tx.query(sql.projectsById, [workspaceId, projects])) world.add('project', row);
  };
  return { sent: sent(), world: () => world };
}

class LoadedWorld implements World {
  private readonly rows = new Map<string, Rows[Entity]>();
  private readonly tasks = new Map<string, Task>();
  private readonly ends = new Map<string, string | null>();

  add<E extends Entity>(entity: E, row: Project | Tag | Reminder | Token | User): void {
    this.rows.set(`${entity}:${row.id}`, row);
  }
  addTask(task: Task): void {
    this.tasks.set(task.id, task);
    this.rows.set(`task:${task.id}`, task);
  }
  setEnd(key: string, position: string | null): void {
    this.ends.set(key, position);
  }
  get<E extends Entity>(entity: E, id: string): Rows[E] | undefined {
    return this.rows.get(`${entity}:${id}`) as Rows[E] | undefined;
  }
  projectsNotLoaded(): string[] {
    const ids = [...this.tasks.values()].flatMap((task) => (task.project_id ? [task.project_id] : []));
    return [...new Set(ids)].filter((id) => !this.get('project', id));
  }
  childrenOf(taskId: string): Task[] {
    return this.where((task) => task.parent_id === taskId);
  }
  tasksOfProject(projectId: string): Task[] {
    return this.where((task) => task.project_id === projectId);
  }
  tasksWithTag(foldedName: string): Task[] {
    return this.where((task) => task.tags.some((tag) => foldName(tag) === foldedName));
  }
  predecessorOf(taskId: string): Task | undefined {
    return this.where((task) => task.successor_id === taskId)[0];
  }
  remindersOf(id: string): Reminder[] {
    const found: Reminder[] = [];
    for (const [key, row] of this.rows) {
      const reminder = row as Reminder;
      if (key.startsWith('reminder:') && (reminder.task_id === id || reminder.series_id === id)) found.push(reminder);
    }
    return found;
  }
  lastPosition(projectId: string | null, parentId: string | null): string | null {
    return this.ends.get(parentId ? `:${parentId}` : `${projectId}:`) ?? null;
  }
  private where(test: (task: Task) => boolean): Task[] {
    return [...this.tasks.values()].filter(test);
  }
}
