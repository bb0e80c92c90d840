import type { Captures, Language, Phrase } from './language.ts';
import type { Lexeme } from './lexemes.ts';

/** A phrase as a tree, made once from its text. */
type Node = { word: string } | { slot: string } | { choices: Node[][] };

export interface Match {
  /** Index of the lexeme behind it. */
  end: number;
  captures: Partial<Captures>;
}

const LONGEST_LIST = 12;

/** All ways in which a slot can be filled at a lexeme. */
export type FillSlot = (slot: string, lexemes: readonly Lexeme[], at: number) => readonly Match[];

/** A phrase and the words it can begin with; null if a slot other than `every` may come first. */
interface Compiled {
  nodes: Node[];
  firstWords: ReadonlySet<string> | null;
}
const compiledByText = new Map<string, Compiled>();

/** All ways in which a phrase can be read from a lexeme on. */
export function matchesOf(phrase: Phrase<unknown>, lexemes: readonly Lexeme[], at: number, fill: FillSlot): Match[] {
  let compiled = compiledByText.get(phrase.say);
  if (!compiled) {
    const nodes = compile(phrase.say);
    compiled = { nodes, firstWords: firstWordsOf(nodes) };
    compiledByText.set(phrase.say, compiled);
  }
  const { nodes, firstWords } = compiled;
  const canBegin =
    firstWords === null ||
    firstWords.has(lexemes[at]?.text ?? '') ||
    (firstWords.has(EVERY) && fill('every', lexemes, at).length > 0);
  return canBegin ? follow(nodes, 0, lexemes, { end: at, captures: phrase.given ?? {} }, fill) : [];
}

const EVERY = '{every}';

function firstWordsOf(nodes: readonly Node[]): Set<string> | null {
  const words = new Set<string>();
  for (const node of nodes) {
    if ('word' in node) return words.add(node.word);
    if ('slot' in node) return node.slot === 'every' ? words.add(EVERY) : null;
    for (const choice of node.choices) {
      const first = firstWordsOf(choice);
      if (first === null) return null;
      for (const word of first) words.add(word);
    }
    if (node.choices.every((choice) => choice.length > 0)) return words;
  }
  return words;
}

function follow(nodes: readonly Node[], step: number, lexemes: readonly Lexeme[], so: Match, fill: FillSlot): Match[] {
  const node = nodes[step];
  if (node === undefined) return [so];
  if ('word' in node) {
    const lexeme = lexemes[so.end];
    if (lexeme === undefined || lexeme.text !== node.word || lexeme.kind === 'closed' || lexeme.kind === 'sigil')
      return [];
    return follow(nodes, step + 1, lexemes, { end: so.end + 1, captures: so.captures }, fill);
  }
  const found =
    'slot' in node
      ? fill(node.slot, lexemes, so.end).map((match) => ({
          end: match.end,
          captures: { ...so.captures, ...match.captures },
        }))
      : node.choices.flatMap((choice) => follow(choice, 0, lexemes, so, fill));
  return found.flatMap((match) => follow(nodes, step + 1, lexemes, match, fill));
}

function compile(say: string): Node[] {
  const signs = say.match(/\{\w+\}|[()[\]|]|[^\s()[\]|{}]+/g) ?? [];
  let at = 0;
  const choices = (close: string): Node[][] => {
    const all: Node[][] = [[]];
    for (; at < signs.length && signs[at] !== close; at++) {
      const sign = signs[at] ?? '';
      if (sign === '|') all.push([]);
      else all.at(-1)?.push(node(sign));
    }
    return all;
  };
  const node = (sign: string): Node => {
    if (sign === '(' || sign === '[') {
      at++;
      const inside = choices(sign === '(' ? ')' : ']');
      return { choices: sign === '(' ? inside : [...inside, []] };
    }
    return sign.startsWith('{') ? { slot: sign.slice(1, -1) } : { word: sign };
  };
  return choices('')[0] ?? [];
}

/** The slots of a language that stand for words; those that stand for phrases are filled by whoever reads the line. */
export function wordSlots(language: Language): FillSlot {
  const lists = language.listWords.map((words) => words.split(' '));
  const ambiguous = new Set(language.ambiguous);
  const word = (lexemes: readonly Lexeme[], at: number): string | undefined => {
    const lexeme = lexemes[at];
    return lexeme?.kind === 'word' ? lexeme.text : undefined;
  };
  const own = <T>(table: Readonly<Record<string, T>>, key: string | undefined): T | undefined =>
    key !== undefined && Object.hasOwn(table, key) ? table[key] : undefined;

  const number = (text: string | undefined): number | undefined =>
    text !== undefined && /^[1-9]\d{0,2}$/.test(text) ? Number(text) : own(language.numbers, text);
  const ordinalDigits = (text: string | undefined): number | undefined => {
    const digits = text === undefined ? undefined : language.ordinalDigits.exec(text)?.[1];
    return digits === undefined ? undefined : Number(digits);
  };
  const isDay = (day: number | undefined): day is number => day !== undefined && day >= 1 && day <= 31;
  const monthDay = (text: string): number | undefined => {
    const day = ordinalDigits(text);
    return isDay(day) ? day : undefined;
  };
  const plainDay = (text: string): number | undefined => {
    const day = /^\d{1,2}$/.test(text) ? Number(text) : undefined;
    return isDay(day) ? day : monthDay(text);
  };

  /** One item, or several with list words between them; every beginning of the list is a reading of its own. */
  const list = (
    lexemes: readonly Lexeme[],
    at: number,
    item: (at: number) => { end: number; values: readonly number[] } | undefined,
  ) => {
    const readings: { end: number; values: number[] }[] = [];
    let next = item(at);
    const values: number[] = [];
    while (next !== undefined && readings.length < LONGEST_LIST) {
      values.push(...next.values);
      readings.push({ end: next.end, values: [...new Set(values)] });
      const end: number = next.end;
      const link = lists
        .filter((words) => words.every((text, k) => lexemes[end + k]?.text === text))
        .sort((a, b) => b.length - a.length)[0];
      next = link && item(end + link.length);
    }
    return readings;
  };
  /** One value, or several that a comma without a space keeps in one piece: "15,30". */
  const values = (read: (text: string) => number | undefined, lexemes: readonly Lexeme[]) => (at: number) => {
    const found = (word(lexemes, at) ?? '').split(',').map(read);
    return found.includes(undefined) ? undefined : { end: at + 1, values: found as number[] };
  };
  const weekdayItem = (lexemes: readonly Lexeme[]) => (at: number) => {
    const text = word(lexemes, at);
    const parts = text?.split(/[-–/]/) ?? [];
    const days = parts.map((part) => own(language.weekdays, part));
    if (text === undefined || days.some((day) => day === undefined)) return undefined;
    const [first = 0, last = first] = days as number[];
    if (days.length === 2 && /[-–]/.test(text)) return { end: at + 1, values: daysFrom(first, last) };
    if (days.length > 1) return { end: at + 1, values: days as number[] };
    const until = language.rangeWords.includes(lexemes[at + 1]?.text ?? '')
      ? own(language.weekdays, word(lexemes, at + 2))
      : undefined;
    return until === undefined ? { end: at + 1, values: [first] } : { end: at + 3, values: daysFrom(first, until) };
  };

  const pluralWeekdays = (lexemes: readonly Lexeme[], at: number): Match[] =>
    list(lexemes, at, (k) => {
      const days = own(language.pluralWeekdays, word(lexemes, k));
      return days && { end: k + 1, values: days };
    }).map(({ end, values }) => ({ end, captures: { weekdays: values } }));

  const slots: Readonly<Record<string, (lexemes: readonly Lexeme[], at: number) => readonly Match[]>> = {
    n: (lexemes, at) => one(at, number(word(lexemes, at)), (n) => ({ n })),
    step: (lexemes, at) => {
      const text = word(lexemes, at);
      return one(at, number(text) ?? own(language.steps, text) ?? ordinalDigits(text), (n) => ({ n }));
    },
    unit: (lexemes, at) => one(at, own(language.units, word(lexemes, at)), (unit) => ({ unit })),
    span: (lexemes, at) => one(at, spanOf(word(lexemes, at) ?? '', language), (span) => ({ span })),
    weekday: (lexemes, at) => {
      const text = word(lexemes, at);
      return one(at, own(language.weekdays, text), (day) => ({
        weekdays: [day],
        ...(ambiguous.has(text ?? '') && { ambiguous: true }),
      }));
    },
    weekdays: (lexemes, at) =>
      list(lexemes, at, weekdayItem(lexemes)).map(({ end, values }) => ({ end, captures: { weekdays: values } })),
    pluralWeekdays,
    pluralWeekdayList: (lexemes, at) => pluralWeekdays(lexemes, at).slice(1),
    ordinals: (lexemes, at) =>
      list(
        lexemes,
        at,
        values((text) => own(language.ordinals, text) ?? ordinalDigits(text), lexemes),
      ).map(({ end, values }) => ({
        end,
        captures: { ordinals: values },
      })),
    days: (lexemes, at) =>
      list(lexemes, at, values(monthDay, lexemes)).map(({ end, values }) => ({ end, captures: { days: values } })),
    day: (lexemes, at) => one(at, plainDay(word(lexemes, at) ?? ''), (day) => ({ days: [day] })),
    /** Two or more, also as plain numbers: one alone may be anything. */
    dayList: (lexemes, at) =>
      list(lexemes, at, values(plainDay, lexemes))
        .filter(({ values }) => values.length > 1)
        .map(({ end, values }) => ({ end, captures: { days: values } })),
    month: (lexemes, at) => {
      const text = word(lexemes, at);
      return one(at, own(language.months, text), (month) => ({
        month,
        ...(ambiguous.has(text ?? '') && { ambiguous: true }),
      }));
    },
    year: (lexemes, at) => {
      const text = word(lexemes, at) ?? '';
      return one(at, /^(19|20|21)\d\d$/.test(text) ? Number(text) : undefined, (year) => ({ year }));
    },
    part: (lexemes, at) => one(at, own(language.dayParts, word(lexemes, at)), (part) => ({ part })),
    every: (lexemes, at) => {
      if (!language.every.includes(word(lexemes, at) ?? '')) return [];
      return lexemes[at + 1]?.text === '!' && lexemes[at + 1]?.start === lexemes[at]?.end
        ? [{ end: at + 2, captures: { bang: true } }]
        : [{ end: at + 1, captures: {} }];
    },
    clock: (lexemes, at) => {
      const text = word(lexemes, at) ?? '';
      const next = own(language.meridiem, word(lexemes, at + 1));
      const apart = /^\d{1,2}([:.]\d\d)?$/.test(text) && next !== undefined && (word(lexemes, at + 1)?.length ?? 0) > 1;
      if (apart) return one(at + 1, clockOf(text, next), (time) => ({ time }));
      const [, digits = '', letters] = /^(\d{1,2}(?:[:.]\d\d)?)([a-z]+)$/.exec(text) ?? [];
      const meridiem = own(language.meridiem, letters);
      if (meridiem) return one(at, clockOf(digits, meridiem), (time) => ({ time }));
      return one(at, /^\d\d:\d\d$/.test(text) ? clockOf(text, null) : undefined, (time) => ({ time }));
    },
    shortClock: (lexemes, at) => {
      const text = word(lexemes, at) ?? '';
      return one(at, /^\d:\d\d$/.test(text) ? clockOf(text, null) : undefined, (time) => ({ time }));
    },
    hour: (lexemes, at) => {
      const text = word(lexemes, at) ?? '';
      return one(at, /^\d{1,2}([:.]\d\d)?$/.test(text) ? clockOf(text, null) : undefined, (time) => ({ time }));
    },
  };
  return (slot, lexemes, at) => slots[slot]?.(lexemes, at) ?? [];
}

const one = <T>(at: number, value: T | undefined, captures: (value: T) => Partial<Captures>): readonly Match[] =>
  value === undefined ? [] : [{ end: at + 1, captures: captures(value) }];

function daysFrom(first: number, last: number): number[] {
  const days: number[] = [];
  for (let day = first; ; day = (day % 7) + 1) {
    days.push(day);
    if (day === last) return days;
  }
}

/** 1h30m, 45m, 2d: in minutes. */
function spanOf(text: string, language: Language): number | undefined {
  const parts = [...text.matchAll(/(\d{1,4})([a-z]+)/g)];
  if (parts.length === 0 || parts.map(([whole]) => whole).join('') !== text) return undefined;
  let minutes = 0;
  for (const [, count, sign = ''] of parts) {
    const unit = Object.hasOwn(language.unitSigns, sign) ? language.unitSigns[sign] : undefined;
    if (unit === undefined) return undefined;
    minutes += Number(count) * ({ minute: 1, hour: 60, day: 1440, week: 10_080 }[unit as string] ?? Number.NaN);
  }
  return minutes;
}

function clockOf(text: string, meridiem: 'am' | 'pm' | null): { time: string; open?: boolean } | undefined {
  const [hourText = '', minute = '00'] = text.split(/[:.]/);
  const said = Number(hourText);
  if (said > 23 || Number(minute) > 59 || (meridiem !== null && (said < 1 || said > 12))) return undefined;
  const hour = meridiem === null ? said : (said % 12) + (meridiem === 'pm' ? 12 : 0);
  const time = `${`${hour}`.padStart(2, '0')}:${minute}`;
  return meridiem === null && /^[1-9]/.test(hourText) && hour <= 12 ? { time, open: true } : { time };
}
