/**
 * A language of quick add is data: its words and its phrases. A phrase is what people say and the name of what it means;
 * the meanings (`meanings.ts`) are the same in every language.
 *
 * In `say`: plain words as they are, in lower case; `(a|b c)` one of these; `[a b]` may be left out; `{slot}` a word or
 * list of words of a class. Where several phrases fit, the one that takes in most of the text counts, then the first.
 */
export interface Language {
  weekdays: Readonly<Record<string, number>>;
  /** "Tuesdays": every one of them. */
  pluralWeekdays: Readonly<Record<string, readonly number[]>>;
  months: Readonly<Record<string, number>>;
  numbers: Readonly<Record<string, number>>;
  /** -1 is the last. */
  ordinals: Readonly<Record<string, number>>;
  /** "27th"; the first group is the number. */
  ordinalDigits: RegExp;
  /** "every OTHER week". */
  steps: Readonly<Record<string, number>>;
  units: Readonly<Record<string, Unit>>;
  /** 30m, 1h: written together with a number. */
  unitSigns: Readonly<Record<string, Unit>>;
  /** The time that a part of the day stands for; from 18:00 on "at 8" in its company is 20:00. */
  dayParts: Readonly<Record<string, string>>;
  meridiem: Readonly<Record<string, 'am' | 'pm'>>;
  every: readonly string[];
  /** In front of a date: with one of these it is certainly meant as one. */
  datePrefixes: readonly string[];
  /** In front of a date they go with it, but make it no surer: "book a table for friday". */
  softPrefixes: readonly string[];
  /** Between the members of a list: "mon, wed and fri". */
  listWords: readonly string[];
  /** Between the ends of a range: "mon to fri", "9am - 10am". */
  rangeWords: readonly string[];
  /** Between dates of which one will do: "tue or thu". */
  choiceWords: readonly string[];
  /** Behind one of these a date is the name of something: "the Friday report", "my 9am call". */
  determiners: readonly string[];
  /** In front of one of these a weekday within the sentence is a date: "call Bob friday about the lease". */
  followers: readonly string[];
  /** Date words that also mean something else (sun, may, march): dates only where nothing follows. */
  ambiguous: readonly string[];
  /** What is written like a date and never is one: 24/7. */
  notDates: readonly string[];
  /** In front of a reminder said without its sigil. */
  remindWords: readonly string[];
  phrases: {
    /** A day and a month, without a year. */
    annual: readonly Phrase<'annual'>[];
    date: readonly Phrase<DateMeaning>[];
    time: readonly Phrase<TimeMeaning>[];
    repeat: readonly Phrase<RepeatMeaning>[];
    bound: readonly Phrase<BoundMeaning>[];
    reminder: readonly Phrase<ReminderMeaning>[];
  };
}

export type Unit =
  | 'minute'
  | 'hour'
  | 'day'
  | 'week'
  | 'fortnight'
  | 'month'
  | 'quarter'
  | 'year'
  | 'workday'
  | 'weekend';

export type DateMeaning =
  | 'inDays'
  | 'tonight'
  | 'weekday'
  | 'thisWeekday'
  | 'nextWeekday'
  | 'inSpan'
  | 'nextUnit'
  | 'thisUnit'
  | 'endOf'
  | 'annual'
  | 'monthDay'
  | 'nthWeekday'
  | 'before'
  | 'after'
  | 'date';
export type TimeMeaning = 'clock' | 'part';
export type RepeatMeaning =
  | 'units'
  | 'weekdays'
  | 'nthWeekday'
  | 'nthWorkday'
  | 'monthDays'
  | 'annual'
  | 'annualNth'
  | 'allBut'
  | 'daily'
  | 'after';
export type BoundMeaning = 'starting' | 'until' | 'for' | 'times' | 'except';
export type ReminderMeaning = 'before' | 'at';

export interface Phrase<Meaning> {
  say: string;
  means: Meaning;
  /** What the phrase says without a word for it. */
  given?: Partial<Captures>;
  /**
   * Where the words are taken to mean this: `anywhere`; by default not behind a determiner; `loose` at an edge or before
   * a follower; `edge` only where the line ends or a token or a mark follows; `prefixed` only behind a date prefix.
   */
  where?: 'anywhere' | 'loose' | 'edge' | 'prefixed';
}

/** What the slots of a phrase were filled with. */
export interface Captures {
  n: number;
  unit: Unit;
  /** Minutes. */
  span: number;
  weekdays: readonly number[];
  ordinals: readonly number[];
  days: readonly number[];
  month: number;
  year: number;
  date: Moment;
  dates: readonly Moment[];
  time: Clock;
  part: string;
  /** Said as `every!`: counted from completion. */
  bang: boolean;
  /** A word that also means something else was used. */
  ambiguous: boolean;
}

/** A day; the time of it, or the part of the day, that the words imply ("in 2 hours", "tonight"). */
export interface Moment {
  date: string;
  time?: string;
  part?: string;
}

/** A time of the day. `open`: said without am or pm, "at 5". `end`: midnight, the end of the day it is said with. */
export interface Clock {
  time: string;
  open?: boolean;
  end?: boolean;
}
