import type { TaskAnswer } from '@taskmaster/contracts/http/tasks';
import { labelOf } from '@taskmaster/domain/recurrence/label';
import { patternOf } from '@taskmaster/domain/recurrence/rule';
import { remindersOn } from '@taskmaster/domain/reminders/on-task';
import type { Reminder, Settings, Task } from '@taskmaster/domain/task';
import { instantOf } from '@taskmaster/domain/time/zoned';

/** A task as its caller sees it: with their reminders, and the instant it is due for them. */
export function presentTask(task: Task, reminders: readonly Reminder[], settings: Settings): TaskAnswer {
  const shown = remindersOn(task, reminders, settings).flatMap(({ minutes_before, at }): TaskAnswer['reminders'] => {
    if (minutes_before !== null) return [{ minutes_before }];
    return at !== null ? [{ at }] : [];
  });
  return {
    id: task.id,
    workspace_id: task.workspace_id,
    project_id: task.project_id,
    parent_id: task.parent_id,
    series_id: task.series_id,
    slot: task.slot,
    title: task.title,
    notes: task.notes,
    status: task.status,
    priority: task.priority,
    tags: task.tags,
    due_date: task.due_date,
    due_time: task.due_time,
    due_zone: task.due_zone,
    due_at: dueAt(task, settings.time_zone),
    recurrence: task.recurrence,
    recurrence_pattern: patternOf(task.recurrence),
    recurrence_label: task.recurrence ? labelOf(task.recurrence, task.due_time ?? undefined) : null,
    series_values: task.series_values,
    successor_id: task.successor_id,
    missed: task.missed,
    reminders: shown,
    reminder_lead_time: shown.length === 1 ? (shown[0]?.minutes_before ?? null) : null,
    position: task.position,
    version: task.version,
    created_at: task.created_at,
    updated_at: task.updated_at,
    completed_at: task.completed_at,
    deleted_at: task.deleted_at,
  };
}

export const dueAt = (task: Task, zone: string): string | null =>
  task.due_date && task.due_time ? instantOf(task.due_date, task.due_time, task.due_zone ?? zone) : null;
