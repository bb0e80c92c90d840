import { isDate } from '../time/calendar.ts';
import { isTime, localOf } from '../time/zoned.ts';
import type { BoundMeaning, Captures, Clock, Language, Moment, Phrase, TimeMeaning } from './language.ts';
import type { Lexeme } from './lexemes.ts';
import { dateMeanings, dateOf, minutesOf, type Reader, type Repeat, repeatMeanings } from './meanings.ts';
import { type FillSlot, type Match, matchesOf, wordSlots } from './phrases.ts';

/** What a stretch of words could mean. Indexes are those of lexemes. */
export interface Candidate {
  /** `words`: said like a date, but not one; it stays words, and so does the time with it. */
  kind: 'due' | 'recurrence' | 'reminder' | 'words';
  from: number;
  to: number;
  date?: Moment | undefined;
  clock?: Clock | undefined;
  part?: string | undefined;
  repeat?: Repeat | undefined;
  bounds?: readonly Bound[];
  /** Minutes before the due. */
  before?: number | undefined;
}

export interface Bound {
  means: BoundMeaning;
  said: Partial<Captures>;
}

/** Reads dates, times, repeats and reminders in plain words. */
export interface PhraseReader {
  /** Side by side, from left to right, the longest first; what could as well be part of a title is left out. */
  all(lexemes: readonly Lexeme[]): Candidate[];
  /** The whole line as one date, if it is one. Nothing is too ambiguous here: there is no title. */
  wholeDate(lexemes: readonly Lexeme[]): Candidate | null;
  wholeRepeat(lexemes: readonly Lexeme[]): Candidate | null;
}

export function createPhraseReader(language: Language, reader: Reader): PhraseReader {
  const words = wordSlots(language);
  const prefixes = [
    { words: [], isSure: false },
    ...language.softPrefixes.map((text) => ({ words: text.split(' '), isSure: false })),
    ...language.datePrefixes.map((text) => ({ words: text.split(' '), isSure: true })),
  ];
  const remindWords = language.remindWords.map((text) => text.split(' '));
  const determiners = new Set(language.determiners);
  const followers = new Set(language.followers);
  const joints = new Set([...language.rangeWords, ...language.choiceWords]);

  const fill: FillSlot = (slot, lexemes, at) => phraseSlots[slot]?.(lexemes, at) ?? words(slot, lexemes, at);
  const textAt = (lexemes: readonly Lexeme[], at: number): string => {
    const lexeme = lexemes[at];
    return lexeme && lexeme.kind !== 'closed' && lexeme.kind !== 'sigil' ? lexeme.text : '';
  };
  const saysAt = (lexemes: readonly Lexeme[], at: number, said: readonly string[]) =>
    said.every((word, k) => textAt(lexemes, at + k) === word);

  type DateReading = Match & { phrase: Phrase<unknown>; date: Moment };
  type TimeReading = Match & { phrase: Phrase<TimeMeaning> };
  /** Dates at a lexeme with all their readings, whatever stands around. */
  const dates = onceEach((lexemes, at): DateReading[] =>
    language.phrases.date.flatMap((phrase) =>
      matchesOf(phrase, lexemes, at, fill).flatMap((match) => {
        const date = dateMeanings[phrase.means](match.captures, reader);
        return date ? [{ ...match, phrase, date }] : [];
      }),
    ),
  );
  const times = onceEach((lexemes, at): TimeReading[] =>
    language.phrases.time.flatMap((phrase) =>
      matchesOf(phrase, lexemes, at, fill).map((match) => ({ ...match, phrase })),
    ),
  );

  const phraseSlots: Readonly<Record<string, (lexemes: readonly Lexeme[], at: number) => readonly Match[]>> = {
    annual: (lexemes, at) => language.phrases.annual.flatMap((phrase) => matchesOf(phrase, lexemes, at, fill)),
    date: (lexemes, at) => dates(lexemes, at).map(({ end, date }) => ({ end, captures: { date } })),
    dates: (lexemes, at) => {
      const [first] = longestFirst(dates(lexemes, at));
      if (!first) return [];
      const link = language.listWords.find((text) => saysAt(lexemes, first.end, text.split(' ')));
      const rest = link && phraseSlots.dates?.(lexemes, first.end + link.split(' ').length)[0];
      const single = { end: first.end, captures: { dates: [first.date] } };
      return rest
        ? [{ end: rest.end, captures: { dates: [first.date, ...(rest.captures.dates ?? [])] } }, single]
        : [single];
    },
    time: (lexemes, at) => times(lexemes, at),
    /** 2026-12-24, 2026/12/24, 2026-12-24T18:00, with seconds and offset or without. */
    isoDate: (lexemes, at) => {
      // A plus stands alone.
      const plus = textAt(lexemes, at + 1) === '+' && lexemes[at + 1]?.start === lexemes[at]?.end;
      const text = textAt(lexemes, at) + (plus ? `+${textAt(lexemes, at + 2)}` : '');
      const date = isoMoment(text, reader.zone);
      return date ? [{ end: at + (plus ? 3 : 1), captures: { date } }] : [];
    },
    numericDate: (lexemes, at) => {
      const [, first, , second, year] =
        /^(\d{1,2})([./-])(\d{1,2})\2((?:19|20|21)\d\d)$/.exec(textAt(lexemes, at)) ?? [];
      const date = year ? dateOf(Number(year), ...monthAndDay(Number(first), Number(second), reader)) : null;
      return date ? [{ end: at + 1, captures: { date: { date } } }] : [];
    },
    shortNumericDate: (lexemes, at) => shortDates(lexemes, at, () => true),
    /** 24/12, 12/24, 24.12.: one of the two can only be the day. */
    plainShortDate: (lexemes, at) =>
      shortDates(lexemes, at, (first, second, mark) =>
        mark === '/' ? Math.max(first, second) > 12 : mark === '..' && first > 12,
      ),
  };

  /** `mark` is `/` or `.`, or `..` where a point follows too. */
  function shortDates(
    lexemes: readonly Lexeme[],
    at: number,
    isMeantSo: (first: number, second: number, mark: string) => boolean,
  ): readonly Match[] {
    const text = textAt(lexemes, at);
    const [, first = '', mark = '', second = ''] = /^(\d{1,2})([./])(\d{1,2})$/.exec(text) ?? [];
    if (second === '' || language.notDates.includes(text)) return [];
    const isDotted = mark === '.' && textAt(lexemes, at + 1) === '.' && lexemes[at + 1]?.start === lexemes[at]?.end;
    if (!isMeantSo(Number(first), Number(second), isDotted ? '..' : mark)) return [];
    const [month, day] = monthAndDay(Number(first), Number(second), reader);
    const date = dateMeanings.annual({ month, days: [day] }, reader);
    return date ? [{ end: at + (isDotted ? 2 : 1), captures: { date } }] : [];
  }

  /** Times, parts of the day and bounds behind a date or repeat. */
  function withTails(lexemes: readonly Lexeme[], start: Candidate): Candidate[] {
    const all = [start];
    for (let so = start; ; ) {
      const at = textAt(lexemes, so.to) === ',' ? so.to + 1 : so.to;
      const longer = longestFirst(tailsAt(lexemes, at, so))[0];
      if (!longer) return all;
      all.push(longer.candidate);
      so = longer.candidate;
    }
  }

  function tailsAt(lexemes: readonly Lexeme[], at: number, so: Candidate): { end: number; candidate: Candidate }[] {
    const tails: { end: number; candidate: Candidate }[] = [];
    const add = (end: number, more: Partial<Candidate>) => tails.push({ end, candidate: { ...so, ...more, to: end } });
    for (const { end, captures } of times(lexemes, at)) {
      if (captures.time && !so.clock) add(end, { clock: captures.time });
      if (captures.part && !so.part) add(end, { part: captures.part });
    }
    if (!so.part && !so.clock)
      for (const { end, captures } of words('part', lexemes, at)) add(end, { part: captures.part });
    if (so.kind !== 'recurrence') return tails;
    for (const phrase of language.phrases.bound) {
      for (const { end, captures } of matchesOf(phrase, lexemes, at, fill)) {
        if (so.bounds?.some((bound) => bound.means === phrase.means)) continue;
        add(end, { bounds: [...(so.bounds ?? []), { means: phrase.means, said: captures }] });
      }
    }
    return tails;
  }

  interface Reading {
    candidate: Candidate;
    where: Phrase<unknown>['where'];
    ambiguous: boolean;
    prefixed: boolean;
    /** More than the bare phrase was said: it is hardly part of a title. */
    hasTail: boolean;
  }

  function readingsAt(lexemes: readonly Lexeme[], at: number): Reading[] {
    const readings: Reading[] = [];
    const add = (start: Candidate, where: Reading['where'], ambiguous = false, prefixed = false) => {
      for (const candidate of withTails(lexemes, start))
        readings.push({ candidate, where, ambiguous, prefixed, hasTail: candidate !== start });
    };
    for (const prefix of prefixes) {
      if (!saysAt(lexemes, at, prefix.words)) continue;
      for (const { end, captures, phrase, date } of dates(lexemes, at + prefix.words.length))
        add({ kind: 'due', from: at, to: end, date }, phrase.where, captures.ambiguous, prefix.isSure);
      // "Mon, wed and fri": a task has one due, and nobody said "every".
      for (const { end, captures } of words('weekdays', lexemes, at + prefix.words.length))
        if ((captures.weekdays?.length ?? 0) > 1) add({ kind: 'words', from: at, to: end }, 'anywhere');
    }
    for (const { end, captures, phrase } of times(lexemes, at))
      add({ kind: 'due', from: at, to: end, clock: captures.time, part: captures.part }, phrase.where);
    for (const phrase of language.phrases.repeat) {
      for (const { end, captures } of matchesOf(phrase, lexemes, at, fill)) {
        const repeat = repeatMeanings[phrase.means](captures);
        if (repeat) add({ kind: 'recurrence', from: at, to: end, repeat }, phrase.where);
      }
    }
    for (const reminder of remindersAt(lexemes, at))
      readings.push({ candidate: reminder, where: 'anywhere', ambiguous: false, prefixed: false, hasTail: false });
    return longestFirst(readings.map((reading) => ({ ...reading, end: reading.candidate.to })));
  }

  function remindersAt(lexemes: readonly Lexeme[], at: number): Candidate[] {
    const lexeme = lexemes[at];
    const isSign =
      lexeme?.text === '!' && lexemes[at + 1]?.start === lexeme.end && lexemes[at - 1]?.end !== lexeme.start;
    const openings = isSign ? [['!']] : remindWords.filter((said) => saysAt(lexemes, at, said));
    return openings.flatMap((opening) =>
      language.phrases.reminder.flatMap((phrase) =>
        matchesOf(phrase, lexemes, at + opening.length, fill).flatMap(({ end, captures }): Candidate[] => {
          const { span, n = 1, unit, date, time, part } = captures;
          const candidate = { kind: 'reminder' as const, from: at, to: end };
          if (phrase.means === 'at') return [{ ...candidate, date, clock: time, part }];
          const before = span ?? (unit && minutesOf(n, unit));
          return before == null || before > MOST_MINUTES ? [] : [{ ...candidate, before }];
        }),
      ),
    );
  }

  function all(lexemes: readonly Lexeme[]): Candidate[] {
    const best: (Candidate | undefined)[] = [];
    for (let at = lexemes.length - 1; at >= 0; at--)
      best[at] = readingsAt(lexemes, at).find((reading) => isMeant(reading, lexemes, best))?.candidate;
    const chosen: Candidate[] = [];
    for (let at = 0; at < lexemes.length; ) {
      const candidate = best[at];
      if (candidate && candidate.kind !== 'words') chosen.push(candidate);
      at = candidate?.to ?? at + 1;
    }
    return chosen;
  }

  function isMeant(reading: Reading, lexemes: readonly Lexeme[], best: readonly (Candidate | undefined)[]): boolean {
    const { candidate, where, ambiguous, prefixed, hasTail } = reading;
    if (candidate.kind === 'due' && isPartOfRange(candidate, lexemes)) return false;
    if (where === 'anywhere' || prefixed) return true;
    if (where === 'prefixed' || determiners.has(textAt(lexemes, candidate.from - 1))) return false;
    const next = lexemes[candidate.to];
    const beside = best[candidate.to];
    const isBesideToken = next?.kind === 'sigil' || (beside !== undefined && beside.kind !== 'words');
    if (hasTail || next === undefined || next.kind === 'mark' || isBesideToken) return true;
    return !ambiguous && (where === undefined || (where === 'loose' && followers.has(next.text)));
  }

  /** "Mon to wed", "from 9am to 10am", "tue or thu": a task has one due, so a range or choice stays words. */
  function isPartOfRange({ from, to }: Candidate, lexemes: readonly Lexeme[]): boolean {
    const isTimeOrDate = (at: number) => times(lexemes, at).length > 0 || dates(lexemes, at).length > 0;
    if (joints.has(textAt(lexemes, to)) && isTimeOrDate(to + 1)) return true;
    if (!joints.has(textAt(lexemes, from - 1))) return false;
    const endsThere = (at: number) =>
      [...times(lexemes, at), ...dates(lexemes, at)].some(({ end }) => end === from - 1);
    for (let at = from - 2; at >= Math.max(0, from - LONGEST_DATE); at--) if (endsThere(at)) return true;
    return false;
  }

  const whole = (lexemes: readonly Lexeme[], kind: Candidate['kind']): Candidate | null =>
    readingsAt(lexemes, 0).find(({ candidate }) => candidate.kind === kind && candidate.to === lexemes.length)
      ?.candidate ?? null;

  return {
    all,
    wholeDate: (lexemes) => whole(lexemes, 'due'),
    wholeRepeat: (lexemes) => whole(lexemes, 'recurrence'),
  };
}

/** Every place of a line is read once, however often it is asked for. */
function onceEach<T>(read: (lexemes: readonly Lexeme[], at: number) => T): typeof read {
  const byLine = new WeakMap<readonly Lexeme[], Map<number, T>>();
  return (lexemes, at) => {
    const known = byLine.get(lexemes) ?? new Map<number, T>();
    if (known.size === 0) byLine.set(lexemes, known);
    const found = known.get(at) ?? read(lexemes, at);
    known.set(at, found);
    return found;
  };
}

const MOST_MINUTES = 525_600;
/** In lexemes: "fri, the 27th of nov, 2026". */
const LONGEST_DATE = 9;

const longestFirst = <T extends { end: number }>(readings: readonly T[]): T[] =>
  [...readings].sort((a, b) => b.end - a.end);

/** A date, or a date and a time of that wall clock; an instant is read on the clocks of the zone. */
function isoMoment(text: string, zone: string): Moment | null {
  const [, spelled = '', time, offset] =
    /^(\d{4}-\d\d-\d\d|\d{4}\/\d\d\/\d\d)(?:t(\d\d:\d\d)(?::\d\d(?:\.\d{1,9})?)?(z|[+-]\d\d:\d\d)?)?$/.exec(text) ?? [];
  const date = spelled.replaceAll('/', '-');
  if (!isDate(date) || (time !== undefined && !isTime(time))) return null;
  if (time === undefined) return { date };
  return offset ? localOf(`${date}T${time}:00${offset.toUpperCase()}`, zone) : { date, time };
}

const monthFirstByLocale = new Map<string, boolean>();

/** In the order of the reader's locale; day first where it is not known, or where only that makes sense. */
function monthAndDay(first: number, second: number, { locale = 'en-GB' }: Reader): [month: number, day: number] {
  let monthFirst = monthFirstByLocale.get(locale);
  if (monthFirst === undefined) {
    monthFirst = isMonthFirst(locale);
    monthFirstByLocale.set(locale, monthFirst);
  }
  return (monthFirst && first <= 12) || second > 12 ? [first, second] : [second, first];
}

function isMonthFirst(locale: string): boolean {
  try {
    const parts = new Intl.DateTimeFormat(locale).formatToParts(0).map(({ type }) => type);
    return parts.indexOf('month') < parts.indexOf('day') && parts.indexOf('year') > parts.indexOf('day');
  } catch {
    return false;
  }
}
