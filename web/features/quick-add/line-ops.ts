import type { Op } from '@taskmaster/domain/commands/world';
import { foldName } from '@taskmaster/domain/ids';
import { positionsBetween } from '@taskmaster/domain/ordering';
import { projectNamed } from '@taskmaster/domain/project-named';
import type { ParsedTask } from '@taskmaster/domain/quick-add/parse';
import type { Project } from '@taskmaster/domain/task';
import { v7 } from 'uuid';
import { newOp } from '../tasks/acts.tsx';

/** Where a line goes that names no project, or this one. */
export interface LinePlace {
  project_id: string | null;
  parent_id: string | null;
}

export interface LineOps {
  ops: Op[];
  tasks: { id: string; title: string; parent_id: string | null }[];
}

/** Lines as ops: the projects they name come to be where there is none of that name. `projects` are those that are there. */
export function opsOfLines(lines: readonly ParsedTask[], place: LinePlace, projects: readonly Project[]): LineOps {
  const ops: Op[] = [];
  const tasks: LineOps['tasks'] = [];
  const madeByName = new Map<string, string>();
  let last = projects.reduce<string | null>(
    (max, one) => (max === null || one.position > max ? one.position : max),
    null,
  );
  for (const line of lines) {
    let project_id = place.project_id;
    if (line.project !== null) {
      let id = projectNamed(projects, line.project)?.id ?? madeByName.get(foldName(line.project));
      if (!id) {
        id = v7();
        madeByName.set(foldName(line.project), id);
        const [position = 'a0'] = positionsBetween(last, null, 1);
        last = position;
        ops.push(newOp('create', 'project', id, { name: line.project, position }));
      }
      project_id = id;
    }
    const parent_id = project_id === place.project_id ? place.parent_id : null;
    const id = v7();
    const patch: Op['patch'] = {
      title: line.title,
      place: { project_id, section_id: null, parent_id, position: '' },
    };
    if (line.notes) patch.notes = line.notes;
    if (line.priority) patch.priority = line.priority;
    if (line.due_date || line.due_time)
      patch.due = { due_date: line.due_date, due_time: line.due_time, due_zone: line.due_zone };
    if (line.tags.length > 0) patch.tags = { add: line.tags, remove: [] };
    if (line.recurrence) patch.recurrence = line.recurrence;
    ops.push(newOp('create', 'task', id, patch));
    for (const reminder of line.reminders) {
      const when =
        'at' in reminder
          ? { minutes_before: null, at: reminder.at }
          : { minutes_before: reminder.minutes_before, at: null };
      ops.push(newOp('create', 'reminder', v7(), { task_id: id, when }));
    }
    tasks.push({ id, title: line.title, parent_id });
  }
  return { ops, tasks };
}
