import { useEffect, useState } from 'react';

export type Grammar = typeof import('./grammar-parts.ts').grammar;

let grammar: Grammar | undefined;
let coming: Promise<Grammar> | undefined;

/** The parser and the words for repeats, fetched after the page is there and kept. */
export function loadGrammar(): Promise<Grammar> {
  coming ??= import('./grammar-parts.ts').then((parts) => {
    grammar = parts.grammar;
    return parts.grammar;
  });
  coming.catch(() => {
    coming = undefined;
  });
  return coming;
}

/** Undefined until it is there; the page then draws again. */
export function useGrammar(): Grammar | undefined {
  const [now, setNow] = useState(() => grammar);
  useEffect(() => {
    if (!now) loadGrammar().then(setNow, () => undefined);
  }, [now]);
  return now;
}
