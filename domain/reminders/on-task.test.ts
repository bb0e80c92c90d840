import { describe, expect, it } from 'vitest';
import { defaultSettings } from '../commands/settings.ts';
import { momentOf, quietUntil, remindersOn } from './on-task.ts';

const settings = { ...defaultSettings, time_zone: 'Europe/Berlin' };
const task = { id: 't', series_id: null, due_date: '2026-03-10', due_time: '11:30', due_zone: null };
const row = (values: object) => ({
  id: 'r',
  task_id: 't',
  series_id: null,
  minutes_before: null,
  at: null,
  deleted_at: null,
  snooze: false,
  ...values,
});
const long_ago = '2026-01-01T00:00:00.000Z';

describe('the reminders of a task', () => {
  it('are the default for a timed due, none for a date, and exactly those that were set', () => {
    expect(remindersOn(task, [], settings)).toEqual([{ id: 't', minutes_before: 15, at: null }]);
    expect(remindersOn({ ...task, due_time: null }, [], settings)).toEqual([]);
    expect(remindersOn(task, [], { ...settings, default_reminder_minutes: null })).toEqual([]);
    expect(remindersOn(task, [row({})], settings)).toEqual([]);
    expect(remindersOn(task, [row({ minutes_before: 30 })], settings).map((one) => one.minutes_before)).toEqual([30]);
    expect(remindersOn(task, [row({ minutes_before: 30, deleted_at: long_ago })], settings)).toHaveLength(1);
  });

  it('hang on the series where there is one', () => {
    const occurrence = { ...task, series_id: 's' };
    expect(remindersOn(occurrence, [], settings)[0]?.id).toBe('s');
    expect(remindersOn(occurrence, [row({ task_id: null, series_id: 's', minutes_before: 5 })], settings)).toHaveLength(
      1,
    );
    expect(remindersOn(task, [row({ task_id: null, series_id: 's', minutes_before: 5 })], settings)[0]?.id).toBe('t');
  });

  it('keep the default beside a snooze', () => {
    const snooze = row({ at: '2026-03-10T11:00:00Z', snooze: true });
    expect(remindersOn(task, [snooze], settings).map((one) => one.id)).toEqual(['t', 'r']);
  });
});

describe('the moment of a reminder', () => {
  it('is counted on the wall clock of the due', () => {
    expect(momentOf(task, row({ minutes_before: 15 }), settings, long_ago)).toEqual({
      reminder_id: 'r',
      for: '2026-03-10T11:30',
      counted_at: '2026-03-10T10:15:00.000Z',
      due_at: '2026-03-10T10:15:00.000Z',
      too_late: false,
    });
    const fixed = { ...task, due_zone: 'Asia/Tokyo' };
    expect(momentOf(fixed, row({ minutes_before: 0 }), settings, long_ago)?.due_at).toBe('2026-03-10T02:30:00.000Z');
  });

  it('counts back from the start of the day for a date, over the change of clocks too', () => {
    const date = { ...task, due_date: '2026-03-29', due_time: null };
    const found = momentOf(date, row({ minutes_before: 1440 }), settings, long_ago);
    expect(found).toMatchObject({ for: '2026-03-29', due_at: '2026-03-28T07:00:00.000Z' });
  });

  it('is the due itself where the lead time was over when it was asked for', () => {
    const asked = '2026-03-10T10:20:00.000Z';
    const found = momentOf(task, row({ minutes_before: 15 }), settings, asked);
    expect(found).toMatchObject({ due_at: '2026-03-10T10:30:00.000Z', counted_at: '2026-03-10T10:15:00.000Z' });
    expect(found?.too_late).toBe(false);
  });

  it('is too late where the due was over as well, or the instant', () => {
    const asked = '2026-03-10T10:31:00.000Z';
    expect(momentOf(task, row({ minutes_before: 15 }), settings, asked)?.too_late).toBe(true);
    expect(momentOf(task, row({ at: '2026-03-10T10:30:59Z' }), settings, asked)?.too_late).toBe(true);
    expect(momentOf(task, row({ at: '2026-03-10T12:31:01+02:00' }), settings, asked)).toMatchObject({
      for: '2026-03-10T10:31:01.000Z',
      too_late: false,
    });
  });

  it('is none without a due to count from', () => {
    expect(
      momentOf({ ...task, due_date: null, due_time: null }, row({ minutes_before: 15 }), settings, long_ago),
    ).toBeNull();
  });
});

describe('quiet hours', () => {
  const quiet = { time_zone: 'Europe/Berlin', quiet_hours: { from: '21:30', to: '07:00' } };
  it('hold until they end, over midnight', () => {
    expect(quietUntil('2026-03-10T20:29:00Z', quiet)).toBeNull();
    expect(quietUntil('2026-03-10T20:30:00Z', quiet)).toBe('2026-03-11T06:00:00.000Z');
    expect(quietUntil('2026-03-11T05:59:00Z', quiet)).toBe('2026-03-11T06:00:00.000Z');
    expect(quietUntil('2026-03-11T06:00:00Z', quiet)).toBeNull();
  });
  it('within a day, and none where none are set', () => {
    const noon = { ...quiet, quiet_hours: { from: '12:00', to: '14:00' } };
    expect(quietUntil('2026-03-10T11:30:00Z', noon)).toBe('2026-03-10T13:00:00.000Z');
    expect(quietUntil('2026-03-10T13:00:00Z', noon)).toBeNull();
    expect(quietUntil('2026-03-10T23:00:00Z', { ...quiet, quiet_hours: null })).toBeNull();
  });
});
