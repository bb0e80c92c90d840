import { useSyncExternalStore } from 'react';
import { changeAddress } from '../../ui/back.ts';

export type Place =
  | { name: 'today' | 'inbox' | 'search' | 'settings' | 'deleted' | 'lists' }
  | { name: 'project'; id: string };

export interface Route {
  place: Place;
  /** The task whose panel is open. */
  task: string | null;
}

const plain = ['inbox', 'search', 'settings', 'deleted', 'lists'] as const;

/** What an address shows. What is not known shows Today. */
export function routeOf(path: string, query: string): Route {
  const [first = '', second = ''] = path.split('/').filter(Boolean);
  const task = new URLSearchParams(query).get('task');
  if (first === 'project' && second) return { place: { name: 'project', id: second }, task };
  const name = plain.find((one) => one === first);
  return { place: { name: name ?? 'today' }, task };
}

export const pathOf = (place: Place): string => (place.name === 'project' ? `/project/${place.id}` : `/${place.name}`);

const listeners = new Set<() => void>();
const tell = (): void => {
  for (const listener of listeners) listener();
};
const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener);
  window.addEventListener('popstate', tell);
  return () => {
    listeners.delete(listener);
    window.removeEventListener('popstate', tell);
  };
};
const address = (): string => `${location.pathname}${location.search}`;

export function useRoute(): Route {
  const now = useSyncExternalStore(subscribe, address, () => '/');
  const [path = '/', query = ''] = now.split('?');
  return routeOf(path, query);
}

export const currentRoute = (): Route => routeOf(location.pathname, location.search);

export function go(place: Place): void {
  changeAddress(pathOf(place), 'push', tell);
}

/** Opens a task beside the list, or closes it with null. */
export function openTask(id: string | null): void {
  const { place, task } = currentRoute();
  if (task === id) return;
  const next = id ? `${pathOf(place)}?task=${id}` : pathOf(place);
  // From one task to the next the way back leads to the list, not through every task looked at.
  changeAddress(next, task && id ? 'replace' : 'push', tell);
}
