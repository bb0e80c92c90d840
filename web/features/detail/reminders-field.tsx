import { momentOf, remindersOn } from '@taskmaster/domain/reminders/on-task';
import type { Reminder, Settings, Task } from '@taskmaster/domain/task';
import { epochOf, localOf } from '@taskmaster/domain/time/zoned';
import { useState } from 'react';
import { v7 } from 'uuid';
import { edit, useScreen } from '../../sync/store.ts';
import { Icon } from '../../ui/icons.tsx';
import { beforeInWords, type LeadUnit, leadOf, minutesOf } from '../reminders/before-words.ts';
import { inAnHour, newOp, snoozeTask, tomorrowMorning } from '../tasks/acts.tsx';
import { dueInWords } from '../tasks/when.ts';
import { FoldField } from './fold-field.tsx';

type When = Pick<Reminder, 'minutes_before' | 'at'>;
const NONE: When = { minutes_before: null, at: null };
const isNone = (one: When): boolean => one.minutes_before === null && one.at === null;

const addReminder = (task: Task, when: When) => newOp('create', 'reminder', v7(), { task_id: task.id, when });
const removeReminder = ({ id }: Reminder) => newOp('delete', 'reminder', id);

/** When one is reminded: as usual, not at all, or by reminders of one's own; and once more, if asked. */
export function RemindersField({ task }: { task: Task }) {
  const { view, settings, today, person } = useScreen();
  const mine = view.remindersOf(task).filter((one) => one.user_id === person.user_id);
  const snoozes = mine.filter((one) => one.snooze && one.at !== null && Date.parse(one.at) > Date.now());
  const set = mine.filter((one) => !one.snooze);
  const momentAt = (one: When & { id: string }) => momentOf(task, one, settings, task.created_at)?.counted_at ?? '';
  const byMoment = (a: When & { id: string }, b: When & { id: string }) => (momentAt(a) < momentAt(b) ? -1 : 1);
  const own = set.filter((one) => !isNone(one)).sort(byMoment);
  const mode = own.length > 0 ? 'own' : set.length > 0 ? 'none' : 'usual';
  const effective = remindersOn(task, mine, settings)
    .filter((one) => !mine.some((row) => row.id === one.id && row.snooze) || snoozes.some((row) => row.id === one.id))
    .sort(byMoment);
  const isOver = task.status === 'completed' || task.deleted_at !== null;

  const choose = (wanted: typeof mode) => {
    if (wanted === mode) return;
    const away = set.map(removeReminder);
    if (wanted === 'usual') void edit(...away);
    else if (wanted === 'none') void edit(addReminder(task, NONE), ...away);
    else void edit(addReminder(task, firstOwn(task, settings)), ...away);
  };
  const remove = (one: Reminder) =>
    // Who takes away the last one wants none, and not the usual one back.
    void edit(...(own.length === 1 ? [addReminder(task, NONE)] : []), removeReminder(one));

  return (
    <FoldField
      label="Reminds"
      isFixed={isOver}
      value={
        effective.length === 0 ? (
          <span className="facts">{mode === 'none' ? 'Never, as you said' : 'Not without a time'}</span>
        ) : (
          effective.map((one) => (
            <span key={one.id} className="reminder-said">
              {one.minutes_before !== null
                ? `${beforeInWords(one.minutes_before)}${mode === 'usual' ? ', as usual' : ''}`
                : snoozes.some((row) => row.id === one.id)
                  ? 'again'
                  : 'once'}
              <span className="facts"> · {momentInWords(task, one, settings, today)}</span>
            </span>
          ))
        )
      }
    >
      <fieldset className="panel-scope" aria-label="Which reminders">
        {(
          [
            ['usual', usualInWords(task, settings)],
            ['none', 'None'],
            ['own', 'My own'],
          ] as const
        ).map(([value, words]) => (
          <label key={value}>
            <input type="radio" name={`reminds-${task.id}`} checked={mode === value} onChange={() => choose(value)} />
            {words}
          </label>
        ))}
      </fieldset>
      {own.length > 0 && (
        <ul className="reminders">
          {own.map((one) => (
            <li key={`${one.id} ${one.minutes_before} ${one.at}`}>
              <ReminderFields
                reminder={one}
                settings={settings}
                onSave={(when) => void edit(newOp('update', 'reminder', one.id, { when }))}
              />
              <span className="facts">{momentInWords(task, one, settings, today)}</span>
              <button
                type="button"
                className="icon-button"
                aria-label={`Remove the reminder ${one.minutes_before === null ? 'at a time of its own' : beforeInWords(one.minutes_before)}`}
                title="Remove"
                onClick={() => remove(one)}
              >
                <Icon name="close" />
              </button>
            </li>
          ))}
        </ul>
      )}
      {own.length > 0 && (
        <div className="panel-acts">
          {task.due_date && (
            <button
              type="button"
              className="button"
              onClick={() => void edit(addReminder(task, { minutes_before: unusedLead(own), at: null }))}
            >
              Add one before
            </button>
          )}
          <button
            type="button"
            className="button"
            onClick={() => void edit(addReminder(task, { minutes_before: null, at: tomorrowMorning(today, settings) }))}
          >
            Add one at a time
          </button>
        </div>
      )}
      {task.recurrence && own.some((one) => one.series_id !== null) && (
        <p className="facts">Those before the due are for every occurrence.</p>
      )}
      <div className="reminders-again">
        <span className="label">Once more</span>
        <button type="button" className="button" onClick={() => snoozeTask(task, inAnHour())}>
          In 1 hour
        </button>
        <button type="button" className="button" onClick={() => snoozeTask(task, tomorrowMorning(today, settings))}>
          Tomorrow, {settings.day_start}
        </button>
      </div>
      {snoozes.map((one) => (
        <p key={one.id} className="reminders-snooze">
          <span>Again {momentInWords(task, one, settings, today)}</span>
          <button type="button" className="link" onClick={() => void edit(removeReminder(one))}>
            Not after all
          </button>
        </p>
      ))}
    </FoldField>
  );
}

/** A number and a unit before the due, or a date and a time; saved when one leaves the field. */
function ReminderFields({
  reminder,
  settings,
  onSave,
}: {
  reminder: Reminder;
  settings: Settings;
  onSave(when: When): void;
}) {
  const zone = settings.time_zone;
  const lead = leadOf(reminder.minutes_before ?? 0);
  const local = reminder.at ? localOf(reminder.at, zone) : null;
  const [count, setCount] = useState(String(lead.count));
  const [at, setAt] = useState(local ? `${local.date}T${local.time}` : '');
  const saveLead = (number: string, unit: LeadUnit) => {
    const minutes = Math.round(Number(number)) * minutesOf[unit];
    if (number.trim() === '' || !(minutes >= 0 && minutes <= 525_600)) setCount(String(lead.count));
    else if (minutes !== reminder.minutes_before) onSave({ minutes_before: minutes, at: null });
  };
  if (local) {
    const saveAt = () => {
      const [date, time] = at.split('T');
      if (!date || !time) return setAt(`${local.date}T${local.time}`);
      // Browsers give seconds only where somebody put them.
      const seconds = Number(time.slice(6)) || 0;
      const instant = new Date(epochOf(date, time.slice(0, 5), zone) + seconds * 1000).toISOString();
      if (instant !== reminder.at) onSave({ minutes_before: null, at: instant });
    };
    return (
      <input
        className="field"
        type="datetime-local"
        step="any"
        aria-label="Remind at"
        value={at}
        onChange={(event) => setAt(event.target.value)}
        onBlur={saveAt}
        onKeyDown={(event) => event.key === 'Enter' && saveAt()}
      />
    );
  }
  return (
    <span className="reminder-lead">
      <input
        className="field"
        type="number"
        min={0}
        inputMode="numeric"
        aria-label="How long before"
        value={count}
        onChange={(event) => setCount(event.target.value)}
        onBlur={() => saveLead(count, lead.unit)}
        onKeyDown={(event) => event.key === 'Enter' && saveLead(count, lead.unit)}
      />
      <select
        className="field"
        aria-label="Unit"
        value={lead.unit}
        onChange={(event) => saveLead(count, event.target.value as LeadUnit)}
      >
        <option value="minutes">min before</option>
        <option value="hours">hours before</option>
        <option value="days">days before</option>
      </select>
    </span>
  );
}

/** What one's own begin with: something one can change at once. */
function firstOwn(task: Task, settings: Settings): When {
  if (!task.due_date) return { minutes_before: null, at: inAnHour() };
  if (task.due_time === null) return { minutes_before: 0, at: null };
  return { minutes_before: settings.default_reminder_minutes === 30 ? 60 : 30, at: null };
}

const unusedLead = (own: readonly Reminder[]): number =>
  [60, 15, 1440, 0, 30].find((lead) => own.every((one) => one.minutes_before !== lead)) ?? 5;

function usualInWords(task: Task, { default_reminder_minutes: usual }: Settings): string {
  if (usual === null) return 'As usual: none';
  return task.due_time ? `As usual: ${beforeInWords(usual)}` : 'As usual: none without a time';
}

/** When it comes, on the reader's wall clock. */
function momentInWords(
  task: Task,
  reminder: When & { id: string; created_at?: string },
  settings: Settings,
  today: string,
): string {
  const moment = momentOf(task, reminder, settings, reminder.created_at ?? task.created_at);
  if (!moment) return 'waits for a date';
  const { date, time } = localOf(moment.due_at, settings.time_zone);
  const words = date === today ? time : dueInWords({ date, time }, today);
  return moment.due_at < new Date().toISOString() ? `was ${words}` : words;
}
