import type { World } from '@taskmaster/domain/commands/world';
import { foldName } from '@taskmaster/domain/ids';
import type { Entity, Row, Rows } from '@taskmaster/domain/registers';
import type { Reminder, Task } from '@taskmaster/domain/task';

type Key = `${Entity}:${string}`;

/** Which ids lie under a key. */
class Index {
  private readonly idsByKey = new Map<string, Set<string>>();

  add(key: string, id: string): void {
    const ids = this.idsByKey.get(key);
    if (ids) ids.add(id);
    else this.idsByKey.set(key, new Set([id]));
  }
  remove(key: string, id: string): void {
    this.idsByKey.get(key)?.delete(id);
  }
  of(key: string): string[] {
    return [...(this.idsByKey.get(key) ?? [])];
  }
}

/** The server's rows as this device holds them, found as commands look for them. */
export class RowStore implements World {
  private readonly rows = new Map<Key, Row>();
  private readonly children = new Index();
  private readonly siblings = new Index();
  private readonly ofProject = new Index();
  private readonly wearing = new Index();
  private readonly successors = new Index();
  private readonly reminders = new Index();

  get size(): number {
    return this.rows.size;
  }

  get<E extends Entity>(entity: E, id: string): Rows[E] | undefined {
    return this.rows.get(`${entity}:${id}`) as Rows[E] | undefined;
  }

  set<E extends Entity>(entity: E, row: Rows[E]): void {
    const key: Key = `${entity}:${row.id}`;
    const known = this.rows.get(key);
    if (known) this.index(entity, known, 'remove');
    this.rows.set(key, row);
    this.index(entity, row, 'add');
  }

  /** Every row of a kind, deleted ones included. */
  *all<E extends Entity>(entity: E): Generator<Rows[E]> {
    for (const [key, row] of this.rows) if (key.startsWith(`${entity}:`)) yield row as Rows[E];
  }
  *entries(): Generator<{ entity: Entity; row: Row }> {
    for (const [key, row] of this.rows) yield { entity: key.slice(0, key.indexOf(':')) as Entity, row };
  }

  childrenOf(taskId: string): Task[] {
    return this.tasks(this.children.of(taskId));
  }
  tasksOfProject(projectId: string): Task[] {
    return this.tasks(this.ofProject.of(projectId));
  }
  tasksWithTag(foldedName: string): Task[] {
    return this.tasks(this.wearing.of(foldedName));
  }
  predecessorOf(taskId: string): Task | undefined {
    return this.tasks(this.successors.of(taskId))[0];
  }
  remindersOf(id: string): Reminder[] {
    return this.reminders.of(id).flatMap((one) => this.get('reminder', one) ?? []);
  }
  lastPosition(projectId: string | null, parentId: string | null): string | null {
    let last: string | null = null;
    for (const { position } of this.tasks(this.siblings.of(`${projectId}/${parentId}`)))
      if (last === null || position > last) last = position;
    return last;
  }

  private tasks(ids: readonly string[]): Task[] {
    return ids.flatMap((id) => this.get('task', id) ?? []);
  }

  private index(entity: Entity, row: Row, way: 'add' | 'remove'): void {
    if (entity === 'task') {
      const task = row as Task;
      if (task.parent_id) this.children[way](task.parent_id, task.id);
      if (task.project_id) this.ofProject[way](task.project_id, task.id);
      if (task.successor_id) this.successors[way](task.successor_id, task.id);
      this.siblings[way](`${task.project_id ?? null}/${task.parent_id ?? null}`, task.id);
      for (const tag of task.tags ?? []) this.wearing[way](foldName(tag), task.id);
    } else if (entity === 'reminder') {
      const { task_id, series_id, id } = row as Reminder;
      if (task_id) this.reminders[way](task_id, id);
      if (series_id) this.reminders[way](series_id, id);
    }
  }
}
