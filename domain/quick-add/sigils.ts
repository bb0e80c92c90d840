import type { Priority } from '../task.ts';
import { overlaps, type Range } from './lexemes.ts';

/**
 * What is marked by a sign: `#project`, `@tag` (several words in quotes), `p1` to `p3`, `//note` to the end. A sign counts
 * only at the start of a word, so addresses, `C#` and `http://` are none; `#42` is a number and `@9am` a time.
 */
export type Sigil = Range & { kind: 'project' | 'tag' | 'priority' | 'notes'; value: string };

const PRIORITIES: Readonly<Record<string, Priority>> = { 1: 'high', 2: 'medium', 3: 'low' };
const NAMED = /(?<=^|[\s(])([#@])(?:"([^"]+)"|“([^”]+)”|([^\s"“”#@,;!()]+))/gu;
const PRIORITY = /(?<=^|\s)p([1-3])(?=$|[\s,;.!?)])/giu;
const NOTES = /(?<=^|\s)\/\//gu;
const QUOTED = /(?<=^|[\s(])(?:"([^"]*)"|“([^”]*)”)(?=$|[\s,;:.!?)])/gu;
const LONGEST_NAME = 60;

/** The part of a text that is a note, from the first `//` on. */
export function notesIn(text: string, off: readonly Range[]): Sigil | null {
  for (const { index: start } of text.matchAll(NOTES)) {
    if (off.some((one) => overlaps(one, { start, end: start + 2 }))) continue;
    return { kind: 'notes', start, end: text.length, value: text.slice(start + 2).trim() };
  }
  return null;
}

/** Projects, tags and priorities, in order. */
export function sigilsIn(text: string, off: readonly Range[]): Sigil[] {
  const sigils: Sigil[] = [];
  for (const found of text.matchAll(NAMED)) {
    const quoted = found[2] ?? found[3];
    const name = (quoted ?? (found[4] ?? '').replace(/[.:?'’]+$/u, '')).trim();
    if (!/\p{L}|\p{Extended_Pictographic}/u.test(name) || name.length > LONGEST_NAME) continue;
    if (quoted === undefined && found[1] === '@' && /^\d{1,2}([:.]\d\d)?([ap]m?)?$/i.test(name)) continue;
    const length = quoted === undefined ? name.length + 1 : found[0].length;
    sigils.push({
      kind: found[1] === '#' ? 'project' : 'tag',
      start: found.index,
      end: found.index + length,
      value: name,
    });
  }
  for (const found of text.matchAll(PRIORITY)) {
    const range = { start: found.index, end: found.index + found[0].length };
    sigils.push({ kind: 'priority', ...range, value: PRIORITIES[found[1] ?? ''] ?? 'low' });
  }
  return sigils
    .filter((sigil) => !off.some((range) => overlaps(range, sigil)))
    .sort((a, b) => a.start - b.start)
    .filter((sigil, at, all) => at === 0 || (all[at - 1]?.end ?? 0) <= sigil.start);
}

/** Quoted parts, quotes included, that are not the name of a project or tag. */
export const quotesIn = (text: string): (Range & { inside: string })[] =>
  [...text.matchAll(QUOTED)].map((found) => ({
    start: found.index,
    end: found.index + found[0].length,
    inside: found[1] ?? found[2] ?? '',
  }));
