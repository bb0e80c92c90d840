import { pick, type Random, randomFrom } from '../test/chaos/random.ts';

const SYLLABLES =
  'ba be bi bo bra bre ca ce co cra da de di do dra fa fe fi flo ga ge go gra ha he hi ho ja jo ka ki la le li lo ma me mi mo na ne ni no pa pe pi plo ra re ri ro sa se si so sta ta te ti to tra va ve vi wa we wo za'.split(
    ' ',
  );
const ENDS = ['', 'n', 'r', 's', 't', 'l', 'ng', 'st'];

/** Words of five to twelve letters that look like words; the same each time. */
export const WORDS: readonly string[] = (() => {
  const random = randomFrom(7);
  const words = new Set<string>();
  while (words.size < 4_000) {
    const word =
      Array.from({ length: 2 + Math.floor(random() * 3) }, () => pick(random, SYLLABLES)).join('') + pick(random, ENDS);
    if (word.length >= 5 && word.length <= 12) words.add(word);
  }
  return [...words];
})();

/** A word with one slip somewhere behind its first letter: left out, put in, changed or swapped. */
export function misspelt(word: string, random: Random): string {
  const at = 1 + Math.floor(random() * (word.length - 1));
  const letter = String.fromCharCode(97 + Math.floor(random() * 26));
  const kind = Math.floor(random() * 4);
  if (kind === 0) return word.slice(0, at) + word.slice(at + 1);
  if (kind === 1) return word.slice(0, at) + letter + word.slice(at);
  if (kind === 2 || at + 1 >= word.length) return word.slice(0, at) + letter + word.slice(at + 1);
  return word.slice(0, at) + word.charAt(at + 1) + word.charAt(at) + word.slice(at + 2);
}
