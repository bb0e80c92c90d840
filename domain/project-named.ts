import { foldName } from './ids.ts';

type Named = { name: string; created_at: string; id: string };

/** The project that a name means: the one spelled just so, else the oldest of those that differ in case or form alone. */
export function projectNamed<P extends Named>(projects: readonly P[], name: string): P | undefined {
  const folded = foldName(name);
  const same = projects.filter((one) => foldName(one.name) === folded);
  return same.reduce<P | undefined>((best, one) => {
    if (best === undefined || (one.name === name && best.name !== name)) return one;
    if (best.name === name && one.name !== name) return best;
    return `${one.created_at} ${one.id}` < `${best.created_at} ${best.id}` ? one : best;
  }, undefined);
}
