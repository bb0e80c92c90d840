import type { TaskPatch } from '@taskmaster/domain/commands/create-task';
import type { Op } from '@taskmaster/domain/commands/world';
import { skipTo } from '@taskmaster/domain/recurrence/successor';
import type { Settings, Task } from '@taskmaster/domain/task';
import { addDays, epochOf, localOf } from '@taskmaster/domain/time/zoned';
import { v7 } from 'uuid';
import { currentScreen, edit } from '../../sync/store.ts';
import { showToast } from '../../ui/toast.tsx';
import { linger, lingerNoMore } from './lingering.ts';
import { longDay } from './when.ts';

export const newOp = (
  kind: Op['kind'],
  entity: Op['entity'],
  id: string,
  patch: Op['patch'] = {},
  scope?: Op['scope'],
): Op => ({
  op: v7(),
  kind,
  entity,
  id,
  patch,
  ...(scope ? { scope } : {}),
});

/** Completes a task, or takes that back if it is done. The row stays a moment, so that one sees what happened. */
export function toggleTask(task: Task): void {
  if (task.status === 'completed') {
    lingerNoMore(task.id);
    void edit(newOp('reopen', 'task', task.id));
    return;
  }
  const now = currentScreen();
  const completed_local = now ? `${now.today}T${now.time}` : undefined;
  linger(task);
  void edit(
    newOp('complete', 'task', task.id, {
      ...(task.slot ? { slot: task.slot } : {}),
      ...(completed_local ? { completed_local } : {}),
    }),
  );
  const after = currentScreen();
  const done = after?.view.get('task', task.id);
  const next = done?.successor_id ? after?.view.get('task', done.successor_id) : undefined;
  showToast({
    words: (
      <>
        Done: <b>{task.title}</b>.{next?.due_date && after ? ` Next on ${longDay(next.due_date, after.today)}` : ''}
      </>
    ),
    undo: () => {
      lingerNoMore(task.id);
      void edit(newOp('reopen', 'task', task.id));
    },
  });
}

export const inAnHour = (): string => new Date(Date.now() + 60 * 60_000).toISOString();

/** When the person's day starts tomorrow. */
export const tomorrowMorning = (today: string, { day_start, time_zone }: Settings): string =>
  new Date(epochOf(addDays(today, 1), day_start, time_zone)).toISOString();

/** Reminds of it once more; its due stays. */
export function snoozeTask(task: Task, until: string): void {
  const snooze = newOp('snooze', 'task', task.id, { until });
  void edit(snooze);
  const now = currentScreen();
  const at = now ? localOf(until, now.settings.time_zone) : undefined;
  showToast({
    tone: 'plain',
    words: (
      <>
        Reminds again{' '}
        {at && now ? (at.date === now.today ? `at ${at.time}` : `on ${longDay(at.date, now.today)}, ${at.time}`) : ''}:{' '}
        <b>{task.title}</b>
      </>
    ),
    // The reminder that a snooze makes has the id of the op.
    undo: () => void edit(newOp('delete', 'reminder', snooze.op)),
  });
}

/** Moves a repeating task to its next slot. History keeps what was skipped; the next date is said, and taken back. */
export function skipTask(task: Task): void {
  const now = currentScreen();
  const next = now && skipTo(task, `${now.today}T${now.time}`);
  if (!next) {
    showToast({ tone: 'refused', words: 'This is the last one of its series. Delete it to end the series' });
    return;
  }
  void edit(newOp('skip', 'task', task.id));
  const { slot, missed, due_date, due_time, due_zone } = task;
  showToast({
    tone: 'plain',
    words: `Skipped to ${longDay(next.due_date, now.today)}`,
    undo: () =>
      void edit(newOp('reopen', 'task', task.id, { skipped: { slot, missed, due: { due_date, due_time, due_zone } } })),
  });
}

export function deleteTask(task: Task): void {
  void edit(newOp('delete', 'task', task.id));
  showToast({
    tone: 'plain',
    words: (
      <>
        Deleted: <b>{task.title}</b>
        {task.recurrence ? '. The series ends here' : ''}
      </>
    ),
    undo: () => void edit(newOp('restore', 'task', task.id)),
  });
}

/** Changes registers of a task; `words` says so and offers to take it back. */
export function updateTask(task: Task, patch: TaskPatch, words?: string, scope?: Op['scope']): void {
  void edit(newOp('update', 'task', task.id, patch as Op['patch'], scope));
  if (words)
    showToast({
      tone: 'plain',
      words,
      undo: () => {
        // A series that was moved had its rule moved with it.
        const back = previous(task, scope === 'series' ? { ...patch, recurrence: task.recurrence } : patch);
        void edit(newOp('update', 'task', task.id, back as Op['patch'], scope));
      },
    });
}

/** The patch that puts back what a patch changes. */
export function previous(task: Task, patch: TaskPatch): TaskPatch {
  const back: TaskPatch = {};
  if (patch.title !== undefined) back.title = task.title;
  if (patch.notes !== undefined) back.notes = task.notes;
  if (patch.priority !== undefined) back.priority = task.priority;
  if (patch.due !== undefined) back.due = { due_date: task.due_date, due_time: task.due_time, due_zone: task.due_zone };
  if (patch.place !== undefined) {
    const { project_id, section_id, parent_id, position } = task;
    back.place = { project_id, section_id, parent_id, position };
  }
  if (patch.recurrence !== undefined) back.recurrence = task.recurrence;
  if (patch.tags !== undefined)
    back.tags = {
      add: [...(patch.tags.remove ?? [])],
      remove: patch.tags.add.filter((tag) => !task.tags.includes(tag)),
    };
  return back;
}

export const moveTo = (task: Task, project_id: string | null): TaskPatch => ({
  place: {
    project_id,
    section_id: null,
    parent_id: project_id === task.project_id ? task.parent_id : null,
    position: '',
  },
});
