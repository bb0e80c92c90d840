import { describe, expect, it } from 'vitest';
import type { Recurrence } from '../task.ts';
import {
  dateOfSlot,
  firstSlot,
  isSlotDate,
  seriesDue,
  slotOf,
  slotsAfter,
  slotsBefore,
  slotsBetween,
  timeOfSlot,
} from './slots.ts';

const series = (rule: string, starts_on: string, more: Partial<Recurrence> = {}): Recurrence => ({
  rule,
  from: 'schedule',
  overdue: 'next_future',
  month_end: 'clamp',
  except: [],
  starts_on,
  ...more,
});
const tuesdays = (more: Partial<Recurrence> = {}) => series('FREQ=WEEKLY;BYDAY=TU', '2026-11-24', more);

describe('a slot', () => {
  it('is spelled as a date, or as a date and a time', () => {
    expect(slotOf('2026-12-01', null)).toBe('2026-12-01');
    expect(slotOf('2026-12-01', '09:00')).toBe('2026-12-01T09:00');
    expect([dateOfSlot('2026-12-01T09:00'), timeOfSlot('2026-12-01T09:00'), timeOfSlot('2026-12-01')]).toEqual([
      '2026-12-01',
      '09:00',
      null,
    ]);
  });
});

describe('an occurrence that alone was moved', () => {
  const moved = { due_date: '2026-12-02', due_time: '15:00', due_zone: 'Europe/Berlin' };
  it('has the day and time of its series in its slot', () => {
    expect(seriesDue({ ...moved, slot: '2026-12-01T09:00' })).toEqual({
      ...moved,
      due_date: '2026-12-01',
      due_time: '09:00',
    });
    expect(seriesDue({ ...moved, slot: '2026-12-01' })).toEqual({
      due_date: '2026-12-01',
      due_time: null,
      due_zone: null,
    });
  });
  it('is due when it is due where there is no series', () => {
    expect(seriesDue({ ...moved, slot: null })).toEqual(moved);
  });
});

describe('the slots of a series', () => {
  it('lie strictly after the day asked for', () => {
    expect(slotsAfter(tuesdays(), '2026-11-24', 3)).toEqual(['2026-12-01', '2026-12-08', '2026-12-15']);
    expect(slotsAfter(tuesdays(), '2026-11-23', 1)).toEqual(['2026-11-24']);
    expect(slotsAfter(tuesdays(), '2020-01-01', 1)).toEqual(['2026-11-24']);
    expect(slotsAfter(tuesdays(), '2026-11-24', 0)).toEqual([]);
  });
  it('begin with starts_on even where the rule does not name it', () => {
    const fromWednesday = series('FREQ=WEEKLY;BYDAY=TU', '2026-11-25');
    expect(slotsBetween(fromWednesday, '2026-01-01', '2026-12-10')).toEqual(['2026-11-25', '2026-12-01', '2026-12-08']);
    expect(isSlotDate(fromWednesday, '2026-11-25')).toBe(true);
  });
  it('end after COUNT of them, the first included', () => {
    const three = tuesdays({ count: 3 });
    expect(slotsAfter(three, '2020-01-01', 9)).toEqual(['2026-11-24', '2026-12-01', '2026-12-08']);
    expect(slotsAfter(three, '2026-12-01', 9)).toEqual(['2026-12-08']);
    expect(slotsAfter(three, '2026-12-08', 9)).toEqual([]);
    expect(slotsAfter(tuesdays({ count: 1 }), '2026-11-23', 9)).toEqual(['2026-11-24']);
    expect(slotsAfter(tuesdays({ count: 1 }), '2026-11-24', 9)).toEqual([]);
    expect(slotsAfter(series('FREQ=WEEKLY;BYDAY=TU', '2026-11-25', { count: 2 }), '2020-01-01', 9)).toEqual([
      '2026-11-25',
      '2026-12-01',
    ]);
  });
  it('end with until, that day included', () => {
    expect(slotsAfter(tuesdays({ until: '2026-12-08' }), '2026-11-24', 9)).toEqual(['2026-12-01', '2026-12-08']);
    expect(slotsAfter(tuesdays({ until: '2026-12-07' }), '2026-11-24', 9)).toEqual(['2026-12-01']);
  });
  it('leave out exclusions, which still count', () => {
    expect(slotsAfter(tuesdays({ except: ['2026-12-01'] }), '2026-11-24', 2)).toEqual(['2026-12-08', '2026-12-15']);
    expect(slotsAfter(tuesdays({ except: ['2026-12-01'], count: 3 }), '2026-11-24', 9)).toEqual(['2026-12-08']);
    expect(firstSlot(tuesdays({ except: ['2026-11-24'] }), '2026-11-24')).toBe('2026-12-01');
  });
  it('count what COUNT has used up before a day', () => {
    expect(slotsBefore(tuesdays({ except: ['2026-12-01'] }), '2026-12-08')).toBe(2);
    expect(slotsBefore(tuesdays(), '2026-11-24')).toBe(0);
  });
  it('are bounded by what is asked for', () => {
    expect(slotsBetween(tuesdays(), '2026-12-01', '2026-12-15')).toEqual(['2026-12-01', '2026-12-08', '2026-12-15']);
    expect(slotsBetween(tuesdays(), '2026-12-02', '2026-12-07')).toEqual([]);
    expect(slotsBetween(series('FREQ=DAILY', '2026-01-01'), '2026-01-01', '2030-01-01', 5)).toHaveLength(5);
  });
  it('know which day is one', () => {
    expect(isSlotDate(tuesdays(), '2026-12-01')).toBe(true);
    expect(isSlotDate(tuesdays(), '2026-12-02')).toBe(false);
    expect(firstSlot(tuesdays(), '2026-12-02')).toBe('2026-12-08');
  });
  it('are none for a rule that cannot be read', () => {
    expect(slotsAfter(series('nonsense', '2026-01-01'), '2026-01-01', 3)).toEqual([]);
    expect(firstSlot(series('FREQ=HOURLY', '2026-01-01'), '2026-01-01')).toBe(null);
  });
});
