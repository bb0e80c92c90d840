/** How text becomes words that can be found, and which words count as the same in spite of a slip. Same in index and query. */

const SHORTEST = 2;
const LONGEST = 40;

/** Letters that Unicode does not take apart into a plain one and a mark. */
const PLAIN: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ı: 'i',
  ħ: 'h',
  ŧ: 't',
};

/** Scripts written without spaces: every pair of neighbours is a word, so that any part of a run can be found. */
const UNSPACED = '[\\p{sc=Han}\\p{sc=Hira}\\p{sc=Kana}\\p{sc=Thai}\\p{sc=Laoo}\\p{sc=Khmr}\\p{sc=Mymr}]';
const isUnspaced = new RegExp(`^${UNSPACED}`, 'u');
const RUNS = new RegExp(`(?:${UNSPACED}\\p{M}*)+|(?:(?!${UNSPACED})[\\p{L}\\p{N}]\\p{M}*)+`, 'gu');

/** Composed, in lower case, without the diacritics of Latin, Greek and Cyrillic letters. */
export const foldWord = (text: string): string =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .normalize('NFC')
    .replace(/[ßæœøłđðþıħŧ]/g, (letter) => PLAIN[letter] ?? letter);

/**
 * The distinct words of a text in order, at most `limit`: folded, letters and digits only, 2 to 40 characters (longer
 * ones are cut). Runs of scripts without spaces give their pairs of characters.
 */
export function wordsOf(text: string, limit = 1000): string[] {
  const words = new Set<string>();
  for (const [run] of foldWord(text).matchAll(RUNS)) {
    for (const word of isUnspaced.test(run) ? pairsOf(run) : [run]) {
      const cut = word.length > LONGEST ? word.slice(0, LONGEST).replace(/[\ud800-\udbff]$/, '') : word;
      if (cut.length < SHORTEST) continue;
      if (words.size >= limit) return [...words];
      words.add(cut);
    }
  }
  return [...words];
}

function pairsOf(run: string): string[] {
  const letters = run.match(/.\p{M}*/gu) ?? [];
  return letters.length < 2 ? letters : letters.slice(1).map((letter, at) => `${letters[at] ?? ''}${letter}`);
}

/** Whether a word that is looked for forgives anything: from three letters on. */
export const forgivesSlips = (query: string): boolean => query.length >= 3;

/**
 * True if `word` is `query` but for the edits that its length forgives, one from four letters on and two from eight: a letter
 * put in, left out, changed, or two neighbours swapped (Damerau–Levenshtein in its optimal-string-alignment form). The first
 * letter must be right, or swapped with the second. Three letters may be four with one left out ("egs" for "eggs"), or have
 * their last two swapped: any other edit makes them another word.
 */
export function withinEdits(word: string, query: string): boolean {
  const { length } = query;
  const allowed = length < 4 ? (length === 3 && word.length === 4 ? 1 : 0) : length < 8 ? 1 : 2;
  const gap = word.length - length;
  if (gap > allowed || -gap > allowed) return false;
  const isRight = word.charCodeAt(0) === query.charCodeAt(0);
  if (length === 3 && allowed === 0) return isRight && (word === query || isSwapped(word, 1, query, 1));
  if (isRight) return word === query || (allowed > 0 && editsLeft(word, 1, query, 1, allowed));
  return allowed > 0 && isSwapped(word, 0, query, 0) && editsLeft(word, 2, query, 2, allowed - 1);
}

const isSwapped = (word: string, w: number, query: string, q: number): boolean =>
  word.charCodeAt(w) === query.charCodeAt(q + 1) && word.charCodeAt(w + 1) === query.charCodeAt(q);

/** Walks along both words and branches only where they differ: at most a few dozen comparisons for two edits. */
function editsLeft(word: string, atWord: number, query: string, atQuery: number, edits: number): boolean {
  let w = atWord;
  let q = atQuery;
  while (w < word.length && q < query.length && word.charCodeAt(w) === query.charCodeAt(q)) {
    w++;
    q++;
  }
  const restWord = word.length - w;
  const restQuery = query.length - q;
  if (restWord === 0 || restQuery === 0) return restWord + restQuery <= edits;
  if (edits === 0) return false;
  const swapped = restWord > 1 && restQuery > 1 && isSwapped(word, w, query, q);
  return (
    (swapped && editsLeft(word, w + 2, query, q + 2, edits - 1)) ||
    editsLeft(word, w + 1, query, q + 1, edits - 1) ||
    editsLeft(word, w + 1, query, q, edits - 1) ||
    editsLeft(word, w, query, q + 1, edits - 1)
  );
}
