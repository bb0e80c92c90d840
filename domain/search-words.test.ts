import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { foldWord, forgivesSlips, withinEdits, wordsOf } from './search-words.ts';

describe('words of a text', () => {
  it.each([
    ['Send the signed lease, back!', ['send', 'the', 'signed', 'lease', 'back']],
    ['Crème brûlée für Łódź, STRASSE & Straße', ['creme', 'brulee', 'fur', 'lodz', 'strasse']],
    ['naïve NAÏVE naive', ['naive']],
    ['ﬁne ｆｕｌｌ ①②', ['fine', 'full', '12']],
    ['v2.0.3 room-12 a b c42', ['room', '12', 'c42', 'v2']],
    ["don't Ben’s", ['don', 'ben']],
    ['İstanbul ısı', ['istanbul', 'isi']],
    ['Ёлка ёж', ['елка', 'еж']],
    ['한국어 공부', ['한국어', '공부']],
    ['हिन्दी भाषा', ['हिन्दी', 'भाषा']],
    ['会議室で話す', ['会議', '議室', '室で', 'で話', '話す']],
    ['買う milk', ['買う', 'milk']],
    ['🎉 -- !!', []],
    ['', []],
  ])('%s', (text, words) => {
    expect(wordsOf(text).sort()).toEqual([...words].sort());
  });
  it('are the same composed and decomposed', () => {
    expect(wordsOf('brûlée'.normalize('NFD'))).toEqual(wordsOf('brûlée'.normalize('NFC')));
  });
  it('are 2 to 40 characters long, longer ones cut', () => {
    expect(wordsOf(`a ${'x'.repeat(60)}`)).toEqual(['x'.repeat(40)]);
    expect(wordsOf('𐐷'.repeat(30))[0]?.isWellFormed()).toBe(true);
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
        const words = wordsOf(text);
        expect(new Set(words).size).toBe(words.length);
        for (const word of words) {
          expect(word.length).toBeGreaterThanOrEqual(2);
          expect(word.length).toBeLessThanOrEqual(40);
          expect(wordsOf(word)[0]).toBe(word);
        }
      }),
    );
  });
  it('are at most as many as asked for', () => {
    expect(wordsOf('one two three two four', 3)).toEqual(['one', 'two', 'three']);
  });
});

describe('words but for a slip', () => {
  it.each([
    ['report', 'reprot', true],
    ['report', 'repor', true],
    ['report', 'reporrt', true],
    ['report', 'repart', true],
    ['report', 'rpeort', true],
    ['report', 'reoprt', true],
    ['report', 'repatr', false],
    ['report', 'teport', false],
    ['rent', 'rnet', true],
    ['rent', 'rant', true],
    ['rent', 'ran', false],
    ['ren', 'rem', false],
    ['tax', 'tax', true],
    ['pay', 'pya', true],
    ['pay', 'apy', false],
    ['pay', 'pyas', false],
    ['eggs', 'egs', true],
    ['eggs', 'ggs', false],
    ['eggs', 'geg', false],
    ['legs', 'egs', false],
    ['begins', 'egs', false],
    ['rants', 'rat', false],
    ['pays', 'pya', false],
    ['no', 'on', false],
    ['rent', 'ernt', true],
    ['rent', 'erng', false],
    ['rent', 'nert', false],
    ['quarterly', 'uqartrely', true],
    ['quarterly', 'qaurtrely', true],
    ['quarterly', 'quartely', true],
    ['quarterly', 'quately', false],
    ['quarterly', 'quartrely', true],
    ['quarterly', 'quarterlyyy', true],
    ['quarterly', 'quarterlyyyy', false],
    ['abcdefgh', 'abcdefgh', true],
  ])('%s found by %s: %s', (word, query, found) => {
    expect(withinEdits(word, query)).toBe(found);
  });
  it('are looked for from three letters on', () => {
    expect(['ab', 'abc'].map(forgivesSlips)).toEqual([false, true]);
  });
  it('agree with the table of Damerau and Levenshtein', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 2, maxLength: 11 });
    fc.assert(
      fc.property(word, word, (a, b) => {
        const isSwap = a.slice(0, 2) === `${b[1]}${b[0]}`;
        const edits = a[0] === b[0] ? distance(a, b) : isSwap ? 1 + distance(a.slice(2), b.slice(2)) : 99;
        const left = b.length === 3 && a.length === 4 ? 1 : 0;
        const allowed = b.length < 4 ? left : b.length < 8 ? 1 : 2;
        const isSwapOfThree = b.length === 3 && a === `${b[0]}${b[2]}${b[1]}`;
        expect([a, b, withinEdits(a, b)]).toEqual([a, b, edits <= allowed || isSwapOfThree]);
      }),
      { numRuns: 5000 },
    );
  });
  it('are looked for in ten thousand in a few milliseconds', () => {
    const vocabulary = Array.from({ length: 10_000 }, (_, n) =>
      foldWord(`${'rstlnaeio'[n % 9]}${((n * 7919) % 99_991).toString(36)}port${n % 7}`),
    );
    const scan = () => vocabulary.filter((word) => withinEdits(word, 'reporting')).length;
    scan();
    const start = performance.now();
    for (let n = 0; n < 10; n++) scan();
    expect((performance.now() - start) / 10).toBeLessThan(10);
  });
});

/** Optimal string alignment, the plain way. */
function distance(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, (_, i) =>
    Array.from({ length: b.length + 1 }, (_, j) => (i === 0 ? j : j === 0 ? i : 0)),
  );
  const at = (i: number, j: number) => rows[i]?.[j] ?? Number.POSITIVE_INFINITY;
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const row = rows[i] as number[];
      row[j] = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + Number(a[i - 1] !== b[j - 1]));
      if (a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) row[j] = Math.min(row[j] ?? 0, at(i - 2, j - 2) + 1);
    }
  }
  return at(a.length, b.length);
}
