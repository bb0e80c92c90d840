import type { Task } from '@taskmaster/domain/task';
import { localOf } from '@taskmaster/domain/time/zoned';
import { byPosition, type View } from '../../sync/view.ts';
import { dueHere } from './when.ts';

export interface Group {
  name: string;
  tone?: 'late';
  tasks: Task[];
  /** What can be done with all of it at once. */
  act?: { words: string; onPress(): void };
}

const rank = { high: 0, medium: 1, low: 2 } as const;
const EVENING = '18:00';

/** By time of day, then urgency, then hand: a timetable with what has no time in between by its place. */
function byDue(zone: string): (a: Task, b: Task) => number {
  const key = (task: Task): string => {
    const due = dueHere(task, zone);
    return `${due?.date ?? '9999'} ${due?.time ?? '99:99'} ${task.priority ? rank[task.priority] : 3}`;
  };
  return (a, b) => {
    const [left, right] = [key(a), key(b)];
    return left < right ? -1 : left > right ? 1 : byPosition(a, b);
  };
}

/** A sub-task stands in the list by itself only where its parent does not. */
const standsAlone = (task: Task, shown: ReadonlySet<string>): boolean =>
  task.parent_id === null || !shown.has(task.parent_id);

export interface Today {
  groups: Group[];
  open: number;
  late: number;
  done: Task[];
}

/** What is due until the end of today, and what was done today. */
export function listToday(view: View, zone: string, today: string, lingering: ReadonlySet<string>): Today {
  const due: Task[] = [];
  const done: Task[] = [];
  for (const task of view.all('task')) {
    if (task.status === 'completed' && task.completed_at && localOf(task.completed_at, zone).date === today)
      done.push(task);
    if (task.status === 'completed' && !lingering.has(task.id)) continue;
    const at = dueHere(task, zone);
    if (at && at.date <= today) due.push(task);
  }
  const shown = new Set(due.map((task) => task.id));
  const tops = due.filter((task) => standsAlone(task, shown)).sort(byDue(zone));
  const at = (task: Task) => dueHere(task, zone) ?? { date: today, time: null };
  const late = tops.filter((task) => at(task).date < today);
  const tonight = tops.filter((task) => at(task).date === today && (at(task).time ?? '') >= EVENING);
  const day = tops.filter((task) => !late.includes(task) && !tonight.includes(task));
  const groups: Group[] = [
    { name: 'Overdue', tone: 'late', tasks: late },
    { name: 'Today', tasks: day },
    { name: 'Tonight', tasks: tonight },
  ];
  const open = due.filter((task) => task.status === 'pending');
  return {
    groups: groups.filter((group) => group.tasks.length > 0),
    open: open.length,
    late: open.filter((task) => at(task).date < today).length,
    done: done.sort((a, b) => ((a.completed_at ?? '') < (b.completed_at ?? '') ? -1 : 1)),
  };
}

export interface PlaceList {
  open: Task[];
  done: Task[];
}

/** Whether a task is found below its parent: that lies in the same place and is itself shown there. */
function isBelow(view: View, task: Task, isShown: (parent: Task) => boolean): boolean {
  const parent = task.parent_id ? view.get('task', task.parent_id) : undefined;
  return parent?.deleted_at === null && parent.project_id === task.project_id && isShown(parent);
}
const isPending = (task: Task): boolean => task.status === 'pending';

/**
 * What lies in a project, or in the Inbox (null), in the order of the hand. What is still open under a parent that is done
 * stands by itself.
 */
export function listPlace(view: View, projectId: string | null, lingering: ReadonlySet<string>): PlaceList {
  const open: Task[] = [];
  const done: Task[] = [];
  const isOpen = (task: Task) => isPending(task) || lingering.has(task.id);
  for (const task of view.all('task')) {
    if (task.project_id !== projectId) continue;
    if (!isOpen(task)) {
      if (!isBelow(view, task, () => true)) done.push(task);
    } else if (!isBelow(view, task, isOpen)) open.push(task);
  }
  return {
    open: open.sort(byPosition),
    done: done.sort((a, b) => ((a.completed_at ?? '') > (b.completed_at ?? '') ? -1 : 1)),
  };
}

export interface Counts {
  inbox: number;
  today: number;
  byProject: Map<string, { open: number; done: number }>;
}

/** What stands by itself in each list, as its heading counts it; for Today everything that is due. */
export function countTasks(view: View, zone: string, today: string): Counts {
  const counts: Counts = { inbox: 0, today: 0, byProject: new Map() };
  for (const task of view.all('task')) {
    const isOpen = isPending(task);
    const isCounted = !isBelow(view, task, isOpen ? isPending : () => true);
    if (task.project_id && isCounted) {
      const project = counts.byProject.get(task.project_id) ?? { open: 0, done: 0 };
      project[isOpen ? 'open' : 'done']++;
      counts.byProject.set(task.project_id, project);
    }
    if (!isOpen) continue;
    if (!task.project_id && isCounted) counts.inbox++;
    const due = dueHere(task, zone);
    if (due && due.date <= today) counts.today++;
  }
  return counts;
}
