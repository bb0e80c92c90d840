import { foldName } from '@taskmaster/domain/ids';
import type { View } from '../../sync/view.ts';

export interface Suggestion {
  sigil: '#' | '@';
  name: string;
  note: string;
  isNew: boolean;
}

/** The `#…` or `@…` that the caret stands behind. */
export function sigilAt(text: string, caret: number): { sigil: '#' | '@'; start: number; typed: string } | null {
  const found = /(?:^|\s)([#@])([^\s#@"]*)$/u.exec(text.slice(0, caret));
  if (!found || /\S/.test(text.charAt(caret))) return null;
  return { sigil: found[1] as '#' | '@', start: caret - (found[2]?.length ?? 0) - 1, typed: found[2] ?? '' };
}

const MOST = 4;

/** Names that go on with what is typed, the most used first; last what would be new. */
export function suggestionsFor(view: View, sigil: '#' | '@', typed: string): Suggestion[] {
  const wanted = foldName(typed);
  const uses = new Map<string, number>();
  for (const task of view.all('task')) {
    if (task.status !== 'pending') continue;
    for (const name of sigil === '@' ? task.tags : task.project_id ? [task.project_id] : [])
      uses.set(foldName(name), (uses.get(foldName(name)) ?? 0) + 1);
  }
  const known =
    sigil === '@'
      ? view.all('tag').map(({ name }) => ({ name, key: foldName(name) }))
      : view.all('project').map(({ name, id }) => ({ name, key: id }));
  const fits = known
    .filter(({ name }) => foldName(name).startsWith(wanted) || foldName(name).includes(` ${wanted}`))
    .map(({ name, key }) => ({ name, uses: uses.get(key) ?? 0 }))
    .sort((a, b) => b.uses - a.uses || (a.name < b.name ? -1 : 1))
    .slice(0, MOST)
    .map(({ name, uses: count }) => ({
      sigil,
      name,
      note: `${count} ${count === 1 ? 'task' : 'tasks'}`,
      isNew: false,
    }));
  const isKnown = known.some(({ name }) => foldName(name) === wanted);
  return typed && !isKnown
    ? [...fits, { sigil, name: typed, note: sigil === '@' ? 'new tag' : 'new project', isNew: true }]
    : fits;
}

/** How a name is spelled in a line: in quotes where it has spaces. */
export const asTyped = ({ sigil, name }: Pick<Suggestion, 'sigil' | 'name'>): string =>
  /\s/.test(name) ? `${sigil}"${name}"` : `${sigil}${name}`;
