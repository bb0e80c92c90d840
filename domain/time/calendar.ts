/**
 * Calendar dates as whole days, with no zone and no clock: `2026-12-01` and its day number, counted from 1970-01-01.
 * Proleptic Gregorian calendar, years 1 to 9999, so that dates compare as text. The conversions are Howard Hinnant's
 * ("chrono-compatible low-level date algorithms").
 */

/** A day of the calendar; months count from 1. */
export interface Day {
  year: number;
  month: number;
  day: number;
}

export const FIRST_DAY = -719_162;
export const LAST_DAY = 2_932_896;

export const isLeapYear = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;

const LENGTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Month is 1 to 12. */
export const daysInMonth = (year: number, month: number): number =>
  month === 2 && isLeapYear(year) ? 29 : (LENGTHS[month - 1] ?? 31);

export function dayNumber(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

export function dayOf(number: number): Day {
  const shifted = number + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1;
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day };
}

/** ISO weekday of a day number. */
export const weekdayOfNumber = (number: number): number => ((((number + 3) % 7) + 7) % 7) + 1;

const pad2 = (value: number): string => (value < 10 ? `0${value}` : `${value}`);

export const dateText = (year: number, month: number, day: number): string =>
  `${year > 999 ? year : `${year}`.padStart(4, '0')}-${pad2(month)}-${pad2(day)}`;

/** A day number as text. Numbers outside of the calendar come back as its first or last day. */
export function dateOfNumber(number: number): string {
  const { year, month, day } = dayOf(Math.min(Math.max(number, FIRST_DAY), LAST_DAY));
  return dateText(year, month, day);
}

const digit = (text: string, at: number): number => text.charCodeAt(at) - 48;

/** The parts of a date that is known to be one (`isDate`). */
export const partsOf = (date: string): Day => ({
  year: digit(date, 0) * 1000 + digit(date, 1) * 100 + digit(date, 2) * 10 + digit(date, 3),
  month: digit(date, 5) * 10 + digit(date, 6),
  day: digit(date, 8) * 10 + digit(date, 9),
});

export function numberOf(date: string): number {
  const { year, month, day } = partsOf(date);
  return dayNumber(year, month, day);
}

/** True for a day of the calendar spelled `YYYY-MM-DD`: not for 30 February, not for year 0. */
export function isDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const { year, month, day } = partsOf(text);
  return year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month);
}

/** True for a time of the day spelled `HH:MM`, 00:00 to 23:59. */
export const isTime = (text: string): boolean => /^([01]\d|2[0-3]):[0-5]\d$/.test(text);

export const addDays = (date: string, days: number): string => dateOfNumber(numberOf(date) + days);

/** The same day of a later or earlier month; the last one where that month is shorter. */
export function addMonths(date: string, months: number): string {
  const { year, month, day } = partsOf(date);
  const index = year * 12 + month - 1 + months;
  const toYear = Math.floor(index / 12);
  if (toYear < 1) return dateOfNumber(FIRST_DAY);
  if (toYear > 9999) return dateOfNumber(LAST_DAY);
  const toMonth = index - toYear * 12 + 1;
  return dateText(toYear, toMonth, Math.min(day, daysInMonth(toYear, toMonth)));
}

/** How many days lie from one date to another; negative if the second is earlier. */
export const daysBetween = (from: string, to: string): number => numberOf(to) - numberOf(from);

/** Negative, zero or positive, as a sort wants it. */
export const compareDates = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** ISO 8601: 1 is Monday, 7 is Sunday. */
export const weekdayOf = (date: string): number => weekdayOfNumber(numberOf(date));
