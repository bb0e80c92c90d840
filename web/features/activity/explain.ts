import type { AuditEntry } from '@taskmaster/contracts/audit/entry';
import type { Reminder, Settings } from '@taskmaster/domain/task';
import { addDays, localOf } from '@taskmaster/domain/time/zoned';
import { type Changed, changesInWords } from '../history/describe.ts';
import { beforeInWords } from '../reminders/before-words.ts';
import { longDay } from '../tasks/when.ts';
import { browserOf } from './browser-words.ts';
import { verbNames } from './kinds.ts';

/** Who reads, and what this device knows of the things that entries only name by their id. */
export interface Reader {
  user_id: string;
  zone: string;
  today: string;
  projectName(id: string): string | undefined;
  taskTitle(id: string): string | undefined;
  /** Names by id, of whom one knows. */
  people: ReadonlyMap<string, string>;
  /** The entry of an event, where it is on the page. */
  entryOf(eventId: string): { seq: number } | undefined;
}

export interface Explained {
  who: string;
  did: string;
  /** The thing it was done to, by its name. */
  what: string;
  /** Where one value became another. */
  from?: string;
  to?: string;
  /** Why, and through what. */
  why: string;
}

type Row = Record<string, unknown>;
interface Payload {
  after?: Row;
  changed?: Changed;
  action?: string;
  detail?: Row;
}
interface Said {
  did: string;
  what?: string | undefined;
  from?: string;
  to?: string;
  why?: string;
}

/** One entry of the audit log in plain words: who, what, from what to what, why and through what. */
export function explain(entry: AuditEntry, reader: Reader): Explained {
  const payload = entry.payload as Payload | null;
  const said =
    payload === null
      ? {
          did: (verbNames as Readonly<Record<string, string>>)[entry.action] ?? entry.action,
          what: `a ${entry.resource_type} of somebody who was erased`,
        }
      : entry.event_type === 'com.todo.audit.recorded'
        ? actInWords(entry, payload, whoOf(entry, reader) === 'You')
        : changeInWords(entry, payload, reader);
  const why = [said.why, throughWhat(entry, reader)].filter((part): part is string => Boolean(part));
  return {
    who: whoOf(entry, reader),
    did: said.did,
    what: said.what ?? '',
    ...(said.from === undefined ? {} : { from: said.from }),
    ...(said.to === undefined ? {} : { to: said.to }),
    why: why.join('; '),
  };
}

function whoOf({ actor, action, user_id }: AuditEntry, reader: Reader): string {
  switch (actor.kind) {
    case 'user':
      return nameOf(actor.id, reader);
    case 'token':
      return 'A program';
    case 'agent':
      return 'Assistant';
    default:
      // What the house writes down of a person who comes is that person's doing.
      if (actor.id === 'auth' && user_id) return nameOf(user_id, reader);
      if (action === 'sign_in_failed') return 'Somebody';
      return actor.id === 'operator' ? 'The operator' : 'TaskMaster';
  }
}

const nameOf = (id: string, reader: Reader): string =>
  id === reader.user_id ? 'You' : (reader.people.get(id) ?? 'Somebody');

function throughWhat({ actor, via, causation_id, event_type, ip, user_agent }: AuditEntry, reader: Reader): string {
  if (event_type === 'com.todo.audit.recorded')
    return [ip ? `from ${ip}` : '', user_agent ? browserOf(user_agent) : ''].filter(Boolean).join(', ');
  if (via === 'recurring') {
    const cause = causation_id ? reader.entryOf(causation_id) : undefined;
    return `because the one before was finished${cause ? `, #${cause.seq.toLocaleString('en')}` : ''}`;
  }
  if (via === 'auth') return 'on signing up or in';
  if (via === 'mail') return 'by a link in a letter';
  if (via === 'sync') return actor.kind === 'user' ? 'on a device' : '';
  return via === 'rest' ? 'through the API' : '';
}

function actInWords({ action, user_id }: AuditEntry, { detail }: Payload, isYou: boolean): Said {
  const [was, own] = isYou ? ['were', 'your'] : ['was', 'their'];
  switch (action) {
    case 'signed_up':
      return { did: 'made an account' };
    case 'signed_in':
      return { did: 'signed in' };
    case 'signed_out':
      return { did: 'signed out' };
    case 'sessions_ended':
      return { did: 'signed other devices out' };
    case 'password_changed':
      return { did: 'changed the password' };
    case 'password_reset':
      return { did: 'chose a new password by a link' };
    case 'audit_log_exported':
      return { did: 'exported the audit log' };
    case 'refused':
      return refusalInWords(`${text(detail?.method)} ${text(detail?.route)}`, was, own);
    case 'account_closed':
      return { did: `closed ${own} account` };
    case 'account_reopened':
      return { did: `took ${own} account back` };
    case 'sign_in_failed':
      return user_id
        ? { did: 'tried to sign in to the account and was refused' }
        : { did: 'tried to sign in and was refused,', what: 'with no known address' };
    case 'password_reset_link_made':
      return { did: 'made a link for a new password' };
    case 'invitation_made':
      return { did: 'made an invitation' };
    case 'dead_letter_replayed':
      return { did: 'replayed what could not be handled,', what: text(detail?.service) };
    case 'events_sent_again':
      return { did: 'had events sent again,', what: text(detail?.service) };
    case 'backup_made':
      return { did: 'made a backup' };
    case 'restored':
      return detail?.backup_at
        ? { did: 'put back a backup', what: `of ${text(detail.backup_at)}` }
        : { did: 'put the database back', what: 'to an earlier time' };
    default:
      return { did: action.replaceAll('_', ' ') };
  }
}

/** What was asked for and refused, as far as its address says it; the address itself stands behind. */
function refusalInWords(address: string, was: string, own: string): Said {
  const asked = [
    [' /api/admin', 'what only those who run this place may do'],
    [' /api/audit-logs', 'a part of the audit log'],
    [' /api/me', `${own} account`],
    [' /api/sync', `${own} tasks`],
    [' /api/workspaces', 'tasks'],
  ].find(([path = '']) => address.includes(path))?.[1];
  return { did: `${was} refused`, what: asked ?? address, ...(asked === undefined ? {} : { why: address }) };
}

function changeInWords(entry: AuditEntry, { after = {}, changed = {} }: Payload, reader: Reader): Said {
  switch (entry.resource_type) {
    case 'task':
      return taskInWords(entry, after, changed, reader);
    case 'project':
      return named('the project', entry.action, after, changed);
    case 'tag':
      return named('the tag', entry.action, after, changed, '@');
    case 'workspace':
      return named('the workspace', entry.action, after, changed);
    case 'reminder':
      return reminderInWords(entry.action, after as unknown as Reminder, changed, reader);
    case 'token':
      return named('the token', entry.action, after, changed);
    case 'user':
      return personInWords(entry, after, changed, reader);
    default:
      return { did: entry.action, what: entry.resource_type };
  }
}

function taskInWords({ action, via }: AuditEntry, after: Row, changed: Changed, reader: Reader): Said {
  const what = text(after.title);
  switch (action) {
    case 'created':
      if (via === 'recurring') return { did: 'made the next', what: `${what}${onDay(after.due_date, reader)}` };
      return { did: 'added', what, ...(after.due_date ? { why: `due ${dueOf(after, reader)}` } : {}) };
    case 'completed':
      return { did: 'finished', what };
    case 'reopened':
      return { did: 'opened again', what };
    case 'skipped':
      return { did: 'skipped', what, ...arrow(changed.due_date, (value) => dayOf(value, reader)) };
    case 'snoozed':
      return { did: 'put off the reminder of', what };
    case 'deleted':
      return { did: 'deleted', what };
    case 'restored':
      return { did: 'brought back', what };
    default:
      return editInWords(what, after, changed, reader);
  }
}

/** An edit of one thing says it as a sentence; of several, one after the other. */
function editInWords(what: string, after: Row, changed: Changed, reader: Reader): Said {
  const words = changesInWords(changed, reader);
  const fields = Object.keys(changed).filter((field) => field !== 'slot');
  const only = (...of: string[]): boolean => fields.length > 0 && fields.every((field) => of.includes(field));
  if (only('title')) return { did: 'renamed', ...arrow(changed.title, text) };
  if (only('due_date', 'due_time', 'due_zone')) {
    const before = { ...after, ...Object.fromEntries(fields.map((field) => [field, changed[field]?.[0] ?? null])) };
    return { did: 'moved', what, from: dueOf(before, reader), to: dueOf(after, reader) };
  }
  if (only('priority'))
    return { did: 'set the priority of', what, ...arrow(changed.priority, (value) => text(value) || 'none') };
  if (only('position')) return { did: 'moved', what, why: 'to another place in the list' };
  if (only('notes')) return { did: changed.notes?.[1] ? 'wrote notes on' : 'removed the notes of', what };
  return { did: 'changed', what, why: words.join(', ') };
}

function named(kind: string, action: string, after: Row, changed: Changed, sigil = ''): Said {
  const what = `${kind} ${sigil}${text(after.name)}`;
  const verbs: Record<string, string> = { created: 'made', deleted: 'deleted', restored: 'brought back' };
  const verb = verbs[action];
  if (verb) return { did: verb, what };
  if (changed.name) return { did: `renamed ${kind}`, ...arrow(changed.name, (value) => `${sigil}${text(value)}`) };
  if (changed.archived_at) return { did: changed.archived_at[1] ? 'archived' : 'took out of the archive', what };
  if (changed.color) return { did: 'gave another colour to', what };
  if (changed.position) return { did: 'moved', what };
  return { did: 'changed', what };
}

function reminderInWords(action: string, after: Reminder, changed: Changed, reader: Reader): Said {
  const { task_id, series_id } = after;
  const title = task_id ? reader.taskTitle(task_id) : undefined;
  const on = title ?? (series_id ? 'a repeating task' : 'a task');
  const when = reminderWhen(after, reader);
  if (after.snooze && action === 'created') return { did: 'asked to be reminded again of', what: on, why: when };
  const isNone = after.minutes_before === null && after.at === null;
  switch (action) {
    case 'created':
      return isNone ? { did: 'wanted no reminder of', what: on } : { did: 'set a reminder on', what: on, why: when };
    case 'deleted':
      return { did: isNone ? 'wanted reminders again of' : 'removed a reminder from', what: on };
    case 'restored':
      return { did: 'brought back a reminder of', what: on, why: when };
    default: {
      const before = { minutes_before: after.minutes_before, at: after.at };
      if (changed.minutes_before) before.minutes_before = changed.minutes_before[0] as number | null;
      if (changed.at) before.at = changed.at[0] as string | null;
      return { did: 'changed a reminder of', what: on, from: reminderWhen(before, reader), to: when };
    }
  }
}

function reminderWhen({ minutes_before, at }: Pick<Reminder, 'minutes_before' | 'at'>, reader: Reader): string {
  if (at !== null && at !== undefined) {
    const local = localOf(at, reader.zone);
    return local.date === reader.today ? `at ${local.time}` : `${longDay(local.date, reader.today)}, ${local.time}`;
  }
  return minutes_before === null || minutes_before === undefined ? 'none' : beforeInWords(minutes_before);
}

function personInWords({ action, resource_id }: AuditEntry, after: Row, changed: Changed, reader: Reader): Said {
  const own = resource_id === reader.user_id ? 'your' : 'their';
  switch (action) {
    case 'created':
      return { did: 'joined', ...(after.role === 'admin' ? { why: 'the first account runs the place' } : {}) };
    case 'deleted':
      return { did: `closed ${own} account` };
    case 'restored':
      return { did: `took ${own} account back` };
    case 'erased':
      return { did: `erased ${own} account` };
  }
  if (changed.settings) {
    const [was, is] = changed.settings as [Partial<Settings> | null, Partial<Settings> | null];
    const keys = settingKeys(was, is);
    const [first] = keys;
    if (first && keys.length === 1)
      return {
        did: `changed ${own} ${settingNames[first]}`,
        from: settingInWords(first, was),
        to: settingInWords(first, is),
      };
    return { did: `changed ${own} settings`, why: keys.map((key) => settingNames[key]).join(', ') };
  }
  if (changed.name) return { did: `changed ${own} name`, ...arrow(changed.name, text) };
  if (changed.email) return { did: `changed ${own} e-mail`, ...arrow(changed.email, text) };
  if (changed.email_verified) return { did: `confirmed ${own} e-mail`, what: text(after.email) };
  if (changed.role) return { did: `changed ${own} role`, ...arrow(changed.role, text) };
  return { did: `changed ${own} account` };
}

const settingNames: Record<keyof Settings, string> = {
  time_zone: 'time zone',
  locale: 'language',
  week_start: 'start of the week',
  day_start: 'start of the day',
  default_reminder_minutes: 'usual reminder',
  quiet_hours: 'quiet hours',
  reminder_mail: 'reminders by mail',
  theme: 'theme',
};

const settingKeys = (was: Partial<Settings> | null, is: Partial<Settings> | null): (keyof Settings)[] =>
  (Object.keys(settingNames) as (keyof Settings)[]).filter(
    (key) => JSON.stringify(was?.[key] ?? null) !== JSON.stringify(is?.[key] ?? null),
  );

function settingInWords(key: keyof Settings, settings: Partial<Settings> | null): string {
  const value = settings?.[key];
  if (key === 'default_reminder_minutes') return value == null ? 'none' : beforeInWords(Number(value));
  if (key === 'quiet_hours') {
    const quiet = settings?.quiet_hours;
    return quiet ? `${quiet.from} to ${quiet.to}` : 'none';
  }
  if (key === 'reminder_mail') return value === false ? 'off' : 'on';
  if (key === 'week_start') return weekdays[Number(value) - 1] ?? String(value);
  return value == null ? 'none' : String(value);
}
const weekdays = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

function arrow(change: readonly [unknown, unknown] | undefined, words: (value: unknown) => string) {
  return change ? { from: words(change[0]), to: words(change[1]) } : {};
}

function dayOf(value: unknown, { today }: Reader): string {
  if (typeof value !== 'string') return 'no date';
  if (value === today) return 'today';
  return value === addDays(today, 1) ? 'tomorrow' : longDay(value, today);
}
const onDay = (value: unknown, reader: Reader): string =>
  typeof value === 'string' ? `, ${dayOf(value, reader)}` : '';

function dueOf({ due_date, due_time, due_zone }: Row, reader: Reader): string {
  const zone = text(due_zone) && text(due_zone) !== reader.zone ? ` (${text(due_zone)})` : '';
  return `${dayOf(due_date, reader)}${text(due_time) ? `, ${text(due_time)}` : ''}${zone}`;
}
