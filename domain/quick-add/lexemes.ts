import { withoutInvisible } from '../blank.ts';
import { isTime } from '../time/calendar.ts';

/**
 * A line as pieces that phrases are made of: words in lower case, single marks, and what is closed to them (addresses, quoted
 * or turned-back words). Positions are those of the line.
 */
export interface Lexeme {
  text: string;
  start: number;
  end: number;
  kind: 'word' | 'mark' | 'closed' | 'sigil';
  /** It says more than what is understood of it, and so it stays in the title. */
  stays?: true;
}

export interface Range {
  start: number;
  end: number;
}

export const overlaps = (a: Range, b: Range): boolean => a.start < b.end && b.start < a.end;

const ADDRESS = /:\/\/|^www\.|[^\s@]@[^\s@]/i;

/** The pieces of a line. `closed` and `sigils` are parts that phrases do not reach into. */
export function lexemesOf(line: string, closed: readonly Range[], sigils: readonly Range[]): Lexeme[] {
  const lexemes: Lexeme[] = [];
  for (const chunk of line.matchAll(/\S+/g)) {
    const range = { start: chunk.index, end: chunk.index + chunk[0].length };
    const sigil = sigils.find((one) => overlaps(one, range));
    const shut = closed.some((one) => overlaps(one, range)) || ADDRESS.test(chunk[0]);
    if (sigil || shut) lexemes.push({ text: chunk[0], ...range, kind: sigil ? 'sigil' : 'closed' });
    else lexemes.push(...spanOf(chunk[0], chunk.index));
  }
  return lexemes;
}

/** `16:00-17:00` is the time at which it begins. A task has no end, so the words stay. */
function spanOf(chunk: string, offset: number): Lexeme[] {
  const [, span = '', from = '', to = ''] = /^((\d{1,2}:\d\d)[-–](\d{1,2}:\d\d))[.,;!?)]*$/.exec(chunk) ?? [];
  if (![from, to].every((time) => isTime(time.padStart(5, '0')))) return piecesOf(chunk, offset);
  const end = offset + span.length;
  return [{ text: from, start: offset, end, kind: 'word', stays: true }, ...piecesOf(chunk.slice(span.length), end)];
}

const PIECES =
  /\d*(?:[:.]\d{2})?[ap]\.m\b\.?|[()[\]…–—!?&+]|@(?=\d)|[.,;:]+(?=\D|$)|(?:[^()[\]…–—!?&+.,;:]|[.,;:](?=\d))+/gi;

/** Marks around and within a chunk stand alone: `(mon,wed)!` is six pieces, `@9am` two; `9:30`, `27.11`, `1,000` and `9 p.m.` are not cut. */
function piecesOf(chunk: string, offset: number): Lexeme[] {
  return [...chunk.matchAll(PIECES)]
    .map((piece): Lexeme => {
      const start = offset + piece.index;
      const text = withoutInvisible(piece[0].toLowerCase()).replaceAll('’', "'");
      const word = /[ap]\.m\.?$/.test(text) ? text.replace(/\.?m\.?$/, 'm') : text;
      return { text: word, start, end: start + piece[0].length, kind: /[\p{L}\p{N}]/u.test(text) ? 'word' : 'mark' };
    })
    .filter(({ text }) => text !== '');
}
