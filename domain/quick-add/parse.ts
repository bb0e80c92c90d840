import { isBlank } from '../blank.ts';
import { foldName } from '../ids.ts';
import { normaliseRecurrence, type RecurrenceInput } from '../recurrence/rule.ts';
import { slotOf } from '../recurrence/slots.ts';
import type { Priority } from '../task.ts';
import { type Candidate, createPhraseReader, type PhraseReader } from './candidates.ts';
import { english } from './english.ts';
import type { Language } from './language.ts';
import { type Lexeme, lexemesOf, overlaps, type Range } from './lexemes.ts';
import { type ParsedReminder, type Settled, settleDue, settleReminder, settleRepeat } from './settle.ts';
import { notesIn, quotesIn, type Sigil, sigilsIn } from './sigils.ts';

/** Where and when a text is read. `today` and `now` are the reader's wall clock; `week_start` is ISO (1 is Monday). */
export interface QuickAddContext {
  today: string;
  /** `HH:MM`. */
  now: string;
  zone: string;
  week_start: number;
  /** BCP 47; chooses the order of 1/2/2026. */
  locale?: string | undefined;
  /** What was turned back into words: places in the text, or the words themselves. */
  ignore?: readonly (Range | string)[] | undefined;
}

export type TokenKind = 'due' | 'recurrence' | 'project' | 'tag' | 'priority' | 'reminder' | 'notes';

/** A part of the text that was understood: `text` is what stands there, `value` what it means, as the API spells it. */
export interface QuickAddToken {
  kind: TokenKind;
  start: number;
  end: number;
  text: string;
  value: string;
}

export interface ParsedTask {
  title: string;
  notes: string;
  due_date: string | null;
  due_time: string | null;
  /** Always floating: times are said where they are meant. */
  due_zone: null;
  /** With its due_date it is complete; `normaliseRecurrence` stores it. */
  recurrence: RecurrenceInput | null;
  /** The name as it was typed; null is the Inbox. */
  project: string | null;
  tags: string[];
  priority: Priority | null;
  /** Empty: none was typed, so the default applies. */
  reminders: ParsedReminder[];
  /** In the order of the text, never overlapping. */
  tokens: QuickAddToken[];
}

/**
 * A line of plain language as a task. What is understood becomes a token and leaves the title; of two dates, repeats, projects or
 * priorities the last counts and the others stay words. Words in quotes are left alone, and the quotes vanish where they kept
 * something from being understood. A line of which nothing would be left as a title keeps its dates as words, and if that is
 * not enough ("#Home p1") everything: a title is empty only where the line is. Never fails.
 */
export function parseQuickAdd(text: string, context: QuickAddContext, language: Language = english): ParsedTask {
  const off = ignoredRanges(text, context.ignore ?? []);
  const quotes = quotesIn(text);
  const notes = notesIn(text, [...off, ...quotes]);
  const line = notes ? text.slice(0, notes.start) : text;
  const shut = quotes.filter(({ end }) => end <= line.length);
  const sigils = lastOfEach(
    sigilsIn(line, off).filter((sigil) => !shut.some((quote) => quote.start < sigil.start && sigil.end < quote.end)),
  );
  const closed = [...off, ...shut.filter((quote) => !sigils.some((sigil) => overlaps(sigil, quote)))];

  const isLong = line.length > LONGEST_LINE;
  const lexemes = isLong ? [] : lexemesOf(line, closed, sigils);
  const phrases = createPhraseReader(language, context)
    .all(lexemes)
    .map((candidate) => ({
      candidate,
      start: lexemes[candidate.from]?.start ?? 0,
      end: lexemes[candidate.to - 1]?.end ?? 0,
    }));
  const read = understood(phrases, context);
  const cut = [...sigils, ...read.phrases.flatMap((phrase) => withoutThose(phrase, lexemes))];
  const isOpened = (quote: Quote) =>
    closed.includes(quote) && !off.some((one) => overlaps(one, quote)) && protects(quote.inside, context, language);
  const opened = isLong ? [] : shut.filter(isOpened);

  const title = titleOf(line, cut, opened);
  if (title !== '') return taskOf(text, title, notes, sigils, read);
  const dates = titleOf(line, sigils, opened);
  if (dates !== '') return taskOf(text, dates, notes, sigils, understood([], context));
  return taskOf(text, text.replace(/\s+/g, ' ').trim(), null, [], understood([], context));
}

function taskOf(
  text: string,
  title: string,
  notes: Sigil | null,
  sigils: readonly Sigil[],
  { settled, reminders, phrases }: Understood,
): ParsedTask {
  return {
    title,
    notes: notes?.value ?? '',
    ...settled,
    due_zone: null,
    project: sigils.find(({ kind }) => kind === 'project')?.value ?? null,
    tags: distinctNames(sigils.filter(({ kind }) => kind === 'tag').map(({ value }) => value)),
    priority: (sigils.find(({ kind }) => kind === 'priority')?.value as Priority | undefined) ?? null,
    reminders,
    tokens: tokensOf(text, [...sigils, ...(notes ? [notes] : []), ...phrases]),
  };
}

/** No title is that long: a pasted page is not searched for dates. */
const LONGEST_LINE = 500;

interface Phrase extends Range {
  candidate: Candidate;
}
interface Understood {
  settled: Settled;
  reminders: ParsedReminder[];
  phrases: (Phrase & { kind: TokenKind; value: string })[];
}

/** The last date, the last time and the last repeat, and every reminder. */
function understood(phrases: readonly Phrase[], context: QuickAddContext): Understood {
  const last = (test: (candidate: Candidate) => boolean) => phrases.findLast(({ candidate }) => test(candidate));
  const repeat = last(({ kind, repeat: said, clock, part, bounds }) => {
    return kind === 'recurrence' && said !== undefined && settleRepeat(said, { clock, part }, bounds, context) !== null;
  });
  const date = last(({ kind, date: said }) => kind === 'due' && said !== undefined);
  const hasTime = (candidate: Candidate | undefined) => candidate?.clock !== undefined || candidate?.part !== undefined;
  const time =
    hasTime(repeat?.candidate) || hasTime(date?.candidate)
      ? undefined
      : last(({ kind, date: said }) => kind === 'due' && said === undefined);

  const timed = [repeat, date, time].find((phrase) => hasTime(phrase?.candidate))?.candidate;
  const said = { date: date?.candidate.date, clock: timed?.clock, part: timed?.part };
  const { repeat: saidRepeat, bounds } = repeat?.candidate ?? {};
  const settled = (saidRepeat && settleRepeat(saidRepeat, said, bounds, context)) ?? settleDue(said, context);

  const reminders = new Map<string, ParsedReminder>();
  const used: Understood['phrases'] = [];
  for (const phrase of phrases) {
    const { candidate } = phrase;
    if (candidate.kind === 'reminder') {
      const reminder = settleReminder(candidate, settled, context);
      const value = 'at' in reminder ? reminder.at : `${reminder.minutes_before}`;
      reminders.set(value, reminder);
      used.push({ ...phrase, kind: 'reminder', value });
    } else if (phrase === repeat) used.push({ ...phrase, kind: 'recurrence', value: settled.recurrence?.rule ?? '' });
    else if (phrase === date || phrase === time) {
      const value = phrase === time ? settled.due_time : settled.due_date && slotOf(settled.due_date, settled.due_time);
      used.push({ ...phrase, kind: 'due', value: value ?? '' });
    }
  }
  return { settled, reminders: [...reminders.values()], phrases: used };
}

/** A task has one project and one priority: the last one said. Tags are kept all. */
function lastOfEach(sigils: readonly Sigil[]): Sigil[] {
  const last = new Map(sigils.map((sigil) => [sigil.kind, sigil]));
  return sigils.filter((sigil) => sigil.kind === 'tag' || last.get(sigil.kind) === sigil);
}

function distinctNames(names: readonly string[]): string[] {
  const byFold = new Map<string, string>();
  for (const name of names) if (!byFold.has(foldName(name))) byFold.set(foldName(name), name);
  return [...byFold.values()];
}

const tokensOf = (text: string, parts: readonly (Range & { kind: TokenKind; value: string })[]): QuickAddToken[] =>
  parts
    .map(({ kind, start, end, value }) => ({ kind, start, end, text: text.slice(start, end), value }))
    .sort((a, b) => a.start - b.start);

type Quote = Range & { inside: string };

const protects = (inside: string, context: QuickAddContext, language: Language): boolean => {
  const { tokens } = parseQuickAdd(`x ${inside}`, { ...context, ignore: [] }, language);
  return tokens.length > 0;
};

/** What leaves the title of a phrase: all of it but for the words that stay. */
function withoutThose({ start, end }: Range, lexemes: readonly Lexeme[]): Range[] {
  const staying = lexemes.filter((one) => one.stays && overlaps(one, { start, end }));
  const edges = [start, ...staying.flatMap((one) => [one.start, one.end]), end];
  return edges
    .flatMap((edge, at) => (at % 2 === 0 ? [{ start: edge, end: edges[at + 1] ?? edge }] : []))
    .filter((range) => range.end > range.start);
}

/** The text without what was understood, in one line, without marks left hanging. */
function titleOf(line: string, taken: readonly Range[], opened: readonly Quote[]): string {
  const cuts = [
    ...taken.map(({ start, end }) => ({ start, end, put: '\ue000' })),
    ...opened.map(({ start, end, inside }) => ({ start, end, put: inside })),
  ].sort((a, b) => b.start - a.start);
  let title = line;
  for (const { start, end, put } of cuts) title = title.slice(0, start) + put + title.slice(end);
  return title
    .replace(/[([]\s*\ue000\s*[)\]]/g, '\ue000')
    .replace(/^[\s\ue000,;:.–—-]*\ue000(?:\s*[,;:.–—-]+(?=\s|$))*\s*/, '')
    .replace(/[\s,;:–—-]*\ue000[\s\ue000.,;:–—-]*$/, '')
    .replace(/\s*\ue000\s*(?=[,;:.)]|[!?]+(?:\s|$))/g, '')
    .replace(/[\s\ue000]+/g, ' ')
    .trim();
}

function ignoredRanges(text: string, ignore: readonly (Range | string)[]): Range[] {
  const lower = text.toLowerCase();
  return ignore.flatMap((one) => {
    if (typeof one !== 'string') return [{ start: one.start, end: one.end }];
    const ranges: Range[] = [];
    const words = one.trim().toLowerCase();
    for (let start = words ? lower.indexOf(words) : -1; start >= 0; start = lower.indexOf(words, start + words.length))
      ranges.push({ start, end: start + words.length });
    return ranges;
  });
}

/** Many lines are many tasks: the lines that say something, without the marks of a list. */
export const splitLines = (text: string): string[] =>
  text
    .split(/\r\n|[\r\n\u2028\u2029]/)
    .map((line) => line.replace(/^\s*(?:(?:[-*•‣◦]|\[[ xX]?\]|\d{1,3}[.)])\s+)+/u, '').trim())
    .filter((line) => !isBlank(line));

export interface ParsedRepeat {
  recurrence: RecurrenceInput;
  due_date: string;
  due_time: string | null;
}

/**
 * A line that is nothing but a repeat, "every other thu at 16:00": also without "every" ("weekdays", "27th", "2 weeks"), or
 * as RRULE. Null: not understood.
 */
export function parseRepeat(text: string, context: QuickAddContext, language: Language = english): ParsedRepeat | null {
  const plain = text.trim();
  if (/^(RRULE:)?FREQ=/i.test(plain)) return repeatFromRule(plain, context);
  const reader = createPhraseReader(language, context);
  for (const line of [plain, `${language.every[0] ?? ''} ${plain}`]) {
    const found = reader.wholeRepeat(lexemesOf(line, [], []));
    const settled = found?.repeat ? settleRepeat(found.repeat, found, found.bounds, context) : null;
    if (settled?.recurrence)
      return { recurrence: settled.recurrence, due_date: settled.due_date, due_time: settled.due_time };
  }
  return null;
}

function repeatFromRule(rule: string, { today }: QuickAddContext): ParsedRepeat | null {
  const normal = normaliseRecurrence({ rule }, { due_date: null, due_time: null }, today);
  return normal.ok
    ? { recurrence: { rule: rule.replace(/^RRULE:/i, '') }, due_date: normal.due_date, due_time: null }
    : null;
}

export interface ParsedDue {
  due_date: string;
  due_time: string | null;
  due_zone: null;
}

/** A line that is nothing but a date, a time or both: "fri 16:00", "in 3 days", "27/11". Null: not understood. */
export function parseDue(text: string, context: QuickAddContext, language: Language = english): ParsedDue | null {
  const reader = createPhraseReader(language, context);
  const found =
    wholeDue(reader, lexemesOf(text.trim(), [], [])) ??
    wholeDue(reader, lexemesOf(`${language.datePrefixes[0] ?? ''} ${text.trim()}`, [], []));
  const { due_date, due_time } = found ? settleDue(found, context) : { due_date: null, due_time: null };
  return due_date === null ? null : { due_date, due_time, due_zone: null };
}

/** A date with or without a time behind it, a time, or a time in front of a date. */
function wholeDue(reader: PhraseReader, lexemes: readonly Lexeme[]): Candidate | null {
  const whole = reader.wholeDate(lexemes);
  if (whole) return whole;
  for (let at = 1; at < lexemes.length; at++) {
    const time = reader.wholeDate(lexemes.slice(0, at));
    const date = reader.wholeDate(lexemes.slice(at));
    if (time && date && !time.date && date.date && !date.clock)
      return { ...date, clock: time.clock, part: time.part ?? date.part };
  }
  return null;
}
