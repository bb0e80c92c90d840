import type { Recurrence } from '../task.ts';
import { partsOf } from '../time/calendar.ts';
import type { Rrule } from './rrule.ts';
import { partsOfRule } from './slots.ts';

/** The words of the labels, so that another language is another table. */
export interface LabelWords {
  weekdays: readonly string[];
  shortWeekdays: readonly string[];
  months: readonly string[];
  ordinal(nth: number): string;
  list(items: readonly string[]): string;
}

const englishOrdinal = (nth: number): string => {
  const tens = nth % 100;
  const ending = tens >= 11 && tens <= 13 ? 'th' : (['th', 'st', 'nd', 'rd'][nth % 10] ?? 'th');
  return `${nth}${ending}`;
};

export const englishLabels: LabelWords = {
  weekdays: ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'],
  shortWeekdays: ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'],
  months: [
    'January',
    'February',
    'March',
    'April',
    'May',
    'June',
    'July',
    'August',
    'September',
    'October',
    'November',
    'December',
  ],
  ordinal: (nth) => (nth > 0 ? englishOrdinal(nth) : nth === -1 ? 'last' : `${englishOrdinal(-nth)} last`),
  list: (items) => (items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1) ?? ''}`),
};

/**
 * A rule as people say it, to stand alone: "Monthly on the 27th, 09:00", "Every other Thursday", "Every 10 days after completion",
 * "Weekdays until 31 December 2026". The rarest shapes are "Custom rule".
 */
export function labelOf(recurrence: Recurrence, dueTime?: string | null, words: LabelWords = englishLabels): string {
  const rrule = partsOfRule(recurrence.rule);
  if (rrule === null) return 'Custom rule';
  const { from, month_end, until, count, except } = recurrence;
  const skips = month_end === 'skip' && rrule.byDay.length === 0 && rrule.byMonthDay.some((day) => day > 28);
  return [
    pattern(rrule, words) ?? 'Custom rule',
    from === 'completion' ? ' after completion' : '',
    dueTime ? `, ${dueTime}` : '',
    skips ? ', not in shorter months' : '',
    until ? `, until ${dateLabel(until, words)}` : '',
    count ? `, ${count === 1 ? 'once' : `${count} times`}` : '',
    except.length > 0
      ? `, except ${except.length === 1 ? dateLabel(except[0] ?? '', words) : `${except.length} days`}`
      : '',
  ].join('');
}

/** The same in a word or two, for a row: "weekdays", "Tuesdays", "4 weeks", "quarterly". */
export function shortLabel(recurrence: Pick<Recurrence, 'rule'>, words: LabelWords = englishLabels): string {
  const rrule = partsOfRule(recurrence.rule);
  if (rrule === null) return 'custom';
  const { freq, interval } = rrule;
  const days = plainWeekdays(rrule);
  if (freq === 'DAILY' && days.length === 0) return interval === 1 ? 'daily' : `${interval} days`;
  if (freq === 'WEEKLY' || freq === 'DAILY') {
    if (interval > 1) return `${interval} ${freq === 'WEEKLY' ? 'weeks' : 'days'}`;
    if (days.length === 0) return 'weekly';
    if (days.length === 1) return `${words.weekdays[(days[0] ?? 1) - 1] ?? ''}s`;
    return wellKnownDays(days)?.toLowerCase() ?? days.map((day) => words.shortWeekdays[day - 1] ?? '').join(', ');
  }
  if (freq === 'MONTHLY') return interval === 1 ? 'monthly' : interval === 3 ? 'quarterly' : `${interval} months`;
  return interval === 1 ? 'yearly' : `${interval} years`;
}

function pattern(rrule: Rrule, words: LabelWords): string | null {
  const { freq, interval, byMonth, byMonthDay, byDay, byYearDay, byWeekNo, bySetPos } = rrule;
  if (byYearDay.length + byWeekNo.length > 0) return null;
  const within =
    byMonth.length > 0 && freq !== 'YEARLY'
      ? ` in ${words.list(byMonth.map((month) => words.months[month - 1] ?? ''))}`
      : '';
  if (freq === 'DAILY' || freq === 'WEEKLY') {
    const days = byMonthDay.length + bySetPos.length > 0 ? null : byDays(rrule, words);
    return days === null ? null : days + within;
  }
  const on = byDay.length + byMonthDay.length > 0 ? onDays(rrule, words) : '';
  if (on === null) return null;
  if (freq === 'MONTHLY') {
    const often =
      interval === 1
        ? 'Monthly'
        : interval === 3
          ? 'Quarterly'
          : interval === 2
            ? 'Every other month'
            : `Every ${interval} months`;
    return `${often}${on && ` on the ${on}`}${within}`;
  }
  const often = interval === 1 ? 'Yearly' : interval === 2 ? 'Every other year' : `Every ${interval} years`;
  const months = words.list(byMonth.map((month) => words.months[month - 1] ?? ''));
  const isPlainDay = byDay.length === 0 && byMonthDay.length > 0 && byMonthDay.every((day) => day > 0);
  if (!on) return months ? `${often} in ${months}` : often;
  if (isPlainDay && months) return `${often} on ${words.list(byMonthDay.map(String))} ${months}`;
  return months ? `${often} on the ${on} of ${months}` : null;
}

function byDays(rrule: Rrule, words: LabelWords): string {
  const { freq, interval } = rrule;
  const days = plainWeekdays(rrule);
  const unit = freq === 'WEEKLY' ? 'week' : 'day';
  const often = interval === 1 ? '' : interval === 2 ? `Every other ${unit}` : `Every ${interval} ${unit}s`;
  if (days.length === 0) return often || (freq === 'WEEKLY' ? 'Weekly' : 'Daily');
  const names = words.list(days.map((day) => words.weekdays[day - 1] ?? ''));
  if (interval === 1) return wellKnownDays(days) ?? `Every ${names}`;
  return interval === 2 && days.length === 1 && freq === 'WEEKLY' ? `Every other ${names}` : `${often} on ${names}`;
}

/** What follows "on the" in a month: "27th", "1st and 15th", "3rd Friday", "last workday". */
function onDays({ byDay, byMonthDay, bySetPos }: Rrule, words: LabelWords): string | null {
  if (byDay.length === 0) {
    if (bySetPos.length > 0) return null;
    const fromStart = byMonthDay.filter((day) => day > 0).map((day) => words.ordinal(day));
    const fromEnd = byMonthDay.filter((day) => day < 0).map((day) => `${words.ordinal(day)} day`);
    return words.list([...fromStart, ...fromEnd.reverse()]);
  }
  if (byMonthDay.length > 0) return null;
  if (bySetPos.length > 0) {
    const isWorkdays = byDay.map(({ nth, weekday }) => `${nth}${weekday}`).join() === '01,02,03,04,05';
    return isWorkdays ? `${words.list(bySetPos.map((nth) => words.ordinal(nth)))} workday` : null;
  }
  if (byDay.some(({ nth }) => nth === 0)) return null;
  const ofOneDay = byDay.every(({ weekday }) => weekday === byDay[0]?.weekday);
  const inOrder = [...byDay].sort((a, b) => Number(a.nth < 0) - Number(b.nth < 0) || a.nth - b.nth);
  if (ofOneDay)
    return `${words.list(inOrder.map(({ nth }) => words.ordinal(nth)))} ${words.weekdays[(byDay[0]?.weekday ?? 1) - 1] ?? ''}`;
  return words.list(inOrder.map(({ nth, weekday }) => `${words.ordinal(nth)} ${words.weekdays[weekday - 1] ?? ''}`));
}

const plainWeekdays = ({ byDay }: Rrule): number[] => byDay.map(({ weekday }) => weekday);

const wellKnownDays = (days: readonly number[]): string | null =>
  ({ '1,2,3,4,5': 'Weekdays', '6,7': 'Weekends', '1,2,3,4,5,6,7': 'Daily' })[days.join()] ?? null;

function dateLabel(date: string, words: LabelWords): string {
  const { year, month, day } = partsOf(date);
  return `${day} ${words.months[month - 1] ?? ''} ${year}`;
}
