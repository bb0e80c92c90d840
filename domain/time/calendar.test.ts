import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addDays,
  addMonths,
  compareDates,
  dateOfNumber,
  daysBetween,
  daysInMonth,
  FIRST_DAY,
  isDate,
  isTime,
  LAST_DAY,
  numberOf,
  weekdayOf,
} from './calendar.ts';

describe('dates of the calendar', () => {
  it.each(['2026-02-28', '2024-02-29', '2000-02-29', '0001-01-01', '9999-12-31'])('%s is a day', (date) => {
    expect(isDate(date)).toBe(true);
  });
  it.each([
    '2026-02-29',
    '1900-02-29',
    '2026-02-30',
    '2026-04-31',
    '2026-13-01',
    '2026-00-10',
    '2026-01-00',
    '0000-01-01',
    '26-01-01',
    '2026-1-1',
    '2026-01-01T00:00',
    ' 2026-01-01',
    '2026-01-01\n',
    '',
    '２０２６-01-01',
  ])('%j is not', (text) => {
    expect(isDate(text)).toBe(false);
  });
  it('knows a time from 00:00 to 23:59 and nothing else', () => {
    expect(['00:00', '09:05', '23:59'].every(isTime)).toBe(true);
    expect(['24:00', '9:00', '12:60', '12:00:00', '', '12:00\n'].some(isTime)).toBe(false);
  });
  it('counts days as the platform does', () => {
    fc.assert(
      fc.property(fc.integer({ min: FIRST_DAY, max: LAST_DAY }), (number) => {
        const date = dateOfNumber(number);
        const instant = new Date(number * 86_400_000);
        expect(date).toBe(instant.toISOString().slice(0, 10));
        expect(numberOf(date)).toBe(number);
        expect(isDate(date)).toBe(true);
        expect(weekdayOf(date) % 7).toBe(instant.getUTCDay());
      }),
    );
  });
  it('goes over ends of months and years', () => {
    expect(addDays('2026-12-31', 1)).toBe('2027-01-01');
    expect(addDays('2024-03-01', -1)).toBe('2024-02-29');
    expect(daysBetween('2026-02-28', '2026-03-01')).toBe(1);
    expect(daysInMonth(2100, 2)).toBe(28);
  });
  it('stops at the first and the last day instead of leaving the calendar', () => {
    expect(addDays('9999-12-31', 5)).toBe('9999-12-31');
    expect(addDays('0001-01-01', -5)).toBe('0001-01-01');
    expect(addMonths('9999-12-31', 1)).toBe('9999-12-31');
    expect(addMonths('0001-01-01', -1)).toBe('0001-01-01');
  });
  it('adds months to the same day, or the last one of a shorter month', () => {
    expect(addMonths('2026-01-31', 1)).toBe('2026-02-28');
    expect(addMonths('2026-11-30', 3)).toBe('2027-02-28');
    expect(addMonths('2026-01-15', -1)).toBe('2025-12-15');
    expect(addMonths('2024-02-29', 12)).toBe('2025-02-28');
  });
  it('compares dates as text', () => {
    expect(compareDates('2026-01-01', '2026-01-02')).toBeLessThan(0);
    expect(compareDates('2026-01-02', '2026-01-01')).toBeGreaterThan(0);
    expect(compareDates('2026-01-01', '2026-01-01')).toBe(0);
  });
});
