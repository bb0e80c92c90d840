import { useMemo, useSyncExternalStore } from 'react';
import { changeAddress, isOver } from '../../ui/back.ts';

export type Place =
  | { name: 'today' | 'inbox' | 'settings' | 'deleted' | 'lists' | 'reminders' | 'activity' | 'admin' }
  | { name: 'search'; query?: string }
  | { name: 'project'; id: string };

export interface Route {
  place: Place;
  /** The task whose panel is open. */
  task: string | null;
}

const plain = ['inbox', 'settings', 'deleted', 'lists', 'reminders', 'activity', 'admin'] as const;

/** What an address shows. What is not known shows Today. */
export function routeOf(path: string, query: string): Route {
  const [first = '', second = ''] = path.split('/').filter(Boolean);
  const task = new URLSearchParams(query).get('task');
  if (first === 'project' && second) return { place: { name: 'project', id: second }, task };
  if (first === 'search') return { place: { name: first, query: new URLSearchParams(query).get('q') ?? '' }, task };
  const name = plain.find((one) => one === first);
  return { place: { name: name ?? 'today' }, task };
}

export function pathOf(place: Place, task: string | null = null): string {
  const path = place.name === 'project' ? `/project/${place.id}` : `/${place.name}`;
  const query = new URLSearchParams();
  if (place.name === 'search' && place.query) query.set('q', place.query);
  if (task !== null) query.set('task', task);
  return query.size > 0 ? `${path}?${query}` : path;
}

const listeners = new Set<() => void>();
const tell = (): void => {
  for (const listener of listeners) listener();
};
const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener);
  window.addEventListener('popstate', tell);
  return () => {
    listeners.delete(listener);
    // One listener serves all: whoever goes leaves it to those who stay.
    if (listeners.size === 0) window.removeEventListener('popstate', tell);
  };
};
const address = (): string => `${location.pathname}${location.search}`;

export function useRoute(): Route {
  const now = useSyncExternalStore(subscribe, address, () => '/');
  const [path = '/', query = ''] = now.split('?');
  return useMemo(() => routeOf(path, query), [path, query]);
}

export const currentRoute = (): Route => routeOf(location.pathname, location.search);

export function go(place: Place): void {
  changeAddress(pathOf(place), 'push', tell);
}

/** Keeps what is looked for in the address, so that the way back finds it again. */
export function keepQuery(query: string): void {
  const { place, task } = currentRoute();
  if (place.name !== 'search' || place.query === query || isOver()) return;
  changeAddress(pathOf({ name: 'search', query }, task), 'replace', tell);
}

/** Opens a task beside the list, or closes it with null. */
export function openTask(id: string | null): void {
  const { place, task } = currentRoute();
  if (task === id) return;
  const next = pathOf(place, id);
  // From one task to the next the way back leads to the list, not through every task looked at.
  changeAddress(next, task && id ? 'replace' : 'push', tell);
}
