import { writeRule } from '../recurrence/rrule.ts';
import { normaliseRecurrence, type RecurrenceInput } from '../recurrence/rule.ts';
import { addDays } from '../time/calendar.ts';
import { instantOf } from '../time/zoned.ts';
import type { Candidate } from './candidates.ts';
import type { Moment } from './language.ts';
import { later, type Reader, type Repeat, settleClock } from './meanings.ts';

export type ParsedReminder = { minutes_before: number } | { at: string };

/** When a task is due and how it repeats, out of all that was said about it. */
export interface Settled {
  due_date: string | null;
  due_time: string | null;
  recurrence: RecurrenceInput | null;
}

type Said = Pick<Candidate, 'date' | 'clock' | 'part'>;

/** The one time that words for a day, a clock and a part of the day come to. */
function timeOf({ date, clock, part }: Said, now: string, today: string): { time: string | null; date: string | null } {
  const day = date?.date ?? null;
  const within = part ?? date?.part;
  if (clock?.end && day !== null) return { date: day, time: '23:59' };
  if (clock) return { date: day, time: settleClock(clock, within) };
  if (date?.part !== undefined && day === today && date.part <= now) return { date: day, time: null };
  return { date: day, time: within ?? date?.time ?? null };
}

/** A date, a time, or both. A time alone is today, or tomorrow where it has passed. */
export function settleDue(said: Said, { today, now }: Reader): Settled {
  const { date, time } = timeOf(said, now, today);
  const due_date = date ?? (time === null ? null : time > now ? today : addDays(today, 1));
  return { due_date, due_time: time, recurrence: null };
}

/**
 * A repeat with its first occurrence: on the day said, else the first of its days that is still to come. Null where no such
 * series can be ("until" before it starts).
 */
export function settleRepeat(
  repeat: Repeat,
  said: Said,
  bounds: Candidate['bounds'],
  reader: Reader,
): (Settled & { due_date: string }) | null {
  const { today, now, week_start } = reader;
  const bound = (means: string) => bounds?.find((one) => one.means === means)?.said;
  const { time: saidTime, date } = timeOf(said, now, today);
  const starting = bound('starting')?.date;
  const due_time = saidTime ?? starting?.time ?? repeat.time ?? null;
  const start = starting?.date ?? date ?? startOf(repeat, due_time, reader);

  const { rrule } = repeat;
  const weekStart = rrule.freq === 'WEEKLY' && rrule.interval > 1 && rrule.byDay.length > 1 ? week_start : 1;
  const count = bound('times')?.n;
  const except = bound('except')?.dates?.map((one: Moment) => one.date);
  const plain: RecurrenceInput = {
    rule: writeRule({ ...rrule, weekStart }),
    ...(repeat.fromCompletion ? { from: 'completion' as const } : {}),
    ...(except ? { except } : {}),
    ...(count === undefined ? {} : { count }),
  };
  const first = normaliseRecurrence(plain, { due_date: null, due_time: null }, start);
  if (!first.ok) return null;

  const { n, unit } = bound('for') ?? {};
  const end = n && unit ? later(first.due_date, n, unit) : null;
  const until = bound('until')?.date?.date ?? (end === null ? undefined : addDays(end, -1));
  if (until !== undefined && (until < first.due_date || count !== undefined)) return null;
  return { due_date: first.due_date, due_time, recurrence: until === undefined ? plain : { ...plain, until } };
}

function startOf({ firstAfter }: Repeat, time: string | null, { today, now }: Reader): string {
  if (firstAfter) return later(today, firstAfter.n, firstAfter.unit) ?? today;
  return time !== null && time <= now ? addDays(today, 1) : today;
}

/** A reminder as minutes before the due, or as an instant. "!8am" for a repeating task due at nine is an hour before each. */
export function settleReminder(candidate: Candidate, due: Settled, reader: Reader): ParsedReminder {
  if (candidate.before !== undefined) return { minutes_before: candidate.before };
  const said = settleDue({ ...candidate, date: candidate.date }, reader);
  const time = said.due_time ?? '09:00';
  const onDueDay = candidate.date === undefined && due.due_date !== null;
  if (onDueDay && due.recurrence && due.due_time !== null && time <= due.due_time)
    return { minutes_before: minutesOfDay(due.due_time) - minutesOfDay(time) };
  const date = onDueDay ? due.due_date : said.due_date;
  return { at: instantOf(date ?? reader.today, time, reader.zone) };
}

const minutesOfDay = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5));
