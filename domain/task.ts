/**
 * The records people work with, in the one spelling they have everywhere: column, event, HTTP, screen.
 * Instants are RFC 3339 UTC with `Z`, dates `2026-12-01`, times `09:00`, zones IANA names.
 */

export type Priority = 'high' | 'medium' | 'low';
export type TaskStatus = 'pending' | 'completed';

/** A due value: a date; a floating local time (`due_zone` null, with a time); or a time fixed in its own zone. Moves as one. */
export interface Due {
  due_date: string | null;
  due_time: string | null;
  due_zone: string | null;
}

/** Where a task is kept. `project_id` null is the Inbox. `position` is a fractional index. Moves as one. */
export interface Place {
  project_id: string | null;
  section_id: string | null;
  parent_id: string | null;
  position: string;
}

/** A repeat rule in normal form: `rule` is an RFC 5545 RRULE value, the rest is what RFC 5545 has no word for. */
export interface Recurrence {
  rule: string;
  from: 'schedule' | 'completion';
  overdue: 'next_future' | 'one_by_one' | 'collapse';
  month_end: 'clamp' | 'skip';
  except: string[];
  /** Anchors INTERVAL and COUNT. */
  starts_on: string;
  until?: string;
  count?: number;
  paused?: boolean;
}

export interface Task extends Due, Place {
  id: string;
  workspace_id: string;
  title: string;
  notes: string;
  status: TaskStatus;
  priority: Priority | null;
  /** Names as their tag spells them, unique by case-folded name. */
  tags: string[];
  recurrence: Recurrence | null;
  series_id: string | null;
  /** The slot of the series this occurrence stands for: `YYYY-MM-DD` or `YYYY-MM-DDTHH:MM`. */
  slot: string | null;
  /** What the series keeps for the successor where this occurrence alone was edited. */
  series_values: Record<string, unknown> | null;
  /** uuidv5(series, slot), set on completion: the same id on every device. */
  successor_id: string | null;
  predecessor_slot: string | null;
  /** How many slots went by unseen between the predecessor and this occurrence. */
  missed: number;
  /** Local wall time of the completion in the completer's zone, so that every device computes the same successor. */
  completed_local: string | null;
  completed_at: string | null;
  /** The op that completed it: a later completion of the same slot is another one. */
  completion_id: string | null;
  archived_at: string | null;
  deleted_at: string | null;
  /** The act that deleted it: restoring a project or parent brings back exactly what went with it. */
  deletion_act: string | null;
  /** True for a successor that a reopened predecessor took back. */
  withdrawn: boolean;
  created_at: string;
  updated_at: string;
  /** Sequence of the last change of this row in its workspace. */
  version: number;
}

export interface Project {
  id: string;
  workspace_id: string;
  name: string;
  color: string;
  position: string;
  archived_at: string | null;
  deleted_at: string | null;
  /** The act that deleted it, its tasks with it. */
  deletion_act: string | null;
  created_at: string;
  updated_at: string;
  version: number;
}

export interface Tag {
  id: string;
  workspace_id: string;
  name: string;
  color: string;
  deleted_at: string | null;
  created_at: string;
  updated_at: string;
  version: number;
}

/** One person's reminder of a task or of a whole series. With neither `minutes_before` nor `at` it says: none, on purpose. */
export interface Reminder {
  id: string;
  workspace_id: string;
  user_id: string;
  task_id: string | null;
  series_id: string | null;
  minutes_before: number | null;
  at: string | null;
  /** Comes on top of the others, once. */
  snooze: boolean;
  deleted_at: string | null;
  created_at: string;
  updated_at: string;
  version: number;
}

/** A key that a person gave to a program. What it is known by is kept elsewhere. */
export interface Token {
  id: string;
  workspace_id: string;
  user_id: string;
  name: string;
  scopes: string[];
  ends: string;
  expires_at: string | null;
  deleted_at: string | null;
  created_at: string;
  updated_at: string;
  version: number;
}

export interface User {
  id: string;
  /** The personal workspace, in whose sequence changes of the person lie. */
  workspace_id: string;
  name: string;
  email: string;
  email_verified: boolean;
  role: 'admin' | 'user';
  settings: Settings;
  deleted_at: string | null;
  created_at: string;
  updated_at: string;
  version: number;
}

export interface Workspace {
  id: string;
  workspace_id: string;
  kind: 'personal' | 'team';
  name: string;
  owner_id: string;
  deleted_at: string | null;
  created_at: string;
  updated_at: string;
  version: number;
}

export interface Settings {
  time_zone: string;
  locale: string;
  /** ISO 8601: 1 is Monday, 7 is Sunday. */
  week_start: number;
  /** Local time from which date-only reminders count back. */
  day_start: string;
  /** Null: no reminder unless asked for. */
  default_reminder_minutes: number | null;
  quiet_hours: { from: string; to: string } | null;
  /** Reminders also go to the person's confirmed address, where the place can send mail. */
  reminder_mail: boolean;
  theme: 'system' | 'light' | 'dark';
}
