import { foldWord, withinEdits, wordsOf } from '@taskmaster/domain/search-words';
import type { Project, Task } from '@taskmaster/domain/task';

export interface Found {
  task: Task;
  /** The words of the task that answered, folded. */
  hits: string[];
  inNotes: boolean;
}

type Searched = { task: Task; title: string[]; notes: string[] };
const wordsByTask = new WeakMap<Task, Searched>();

function searched(task: Task): Searched {
  const known = wordsByTask.get(task);
  if (known) return known;
  const made = { task, title: wordsOf(`${task.title} ${task.tags.join(' ')}`), notes: wordsOf(task.notes, 300) };
  wordsByTask.set(task, made);
  return made;
}

/** How well a word answers a query: whole, as its beginning, or but for a slip. 0 is not at all. */
function answers(word: string, query: string): number {
  if (word === query) return 4;
  if (word.startsWith(query)) return 3;
  return withinEdits(word, query) ? 1 : 0;
}

function best(words: readonly string[], query: string): { word: string; score: number } {
  let found = { word: '', score: 0 };
  for (const word of words) {
    const score = answers(word, query);
    if (score > found.score) found = { word, score };
  }
  return found;
}

const queriesOf = (query: string): string[] => wordsOf(query.replace(/[@#]/g, ' '));

/** Projects whose name holds every word of the query. */
export function findProjects(projects: readonly Project[], query: string): { project: Project; hits: string[] }[] {
  const queries = queriesOf(query);
  if (queries.length === 0) return [];
  return projects.flatMap((project) => {
    const name = wordsOf(project.name);
    const found = queries.map((one) => best(name, one));
    return found.every(({ score }) => score > 0) ? [{ project, hits: found.map(({ word }) => word) }] : [];
  });
}

/**
 * Tasks that hold every word of the query, in title or tags before notes and the name of their project, open before done,
 * then the latest.
 */
export function findTasks(
  tasks: readonly Task[],
  query: string,
  projects: readonly Project[] = [],
  most = 100,
): Found[] {
  const queries = queriesOf(query);
  if (queries.length === 0) return [];
  const nameOf = new Map(projects.map(({ id, name }) => [id, wordsOf(name)]));
  const found: (Found & { score: number })[] = [];
  for (const task of tasks) {
    const { title, notes } = searched(task);
    const place = nameOf.get(task.project_id ?? '') ?? [];
    let score = task.status === 'pending' ? 2 : 0;
    let inNotes = false;
    const hits: string[] = [];
    for (const one of queries) {
      const inTitle = best(title, one);
      const inPlace = inTitle.score > 0 ? inTitle : best(place, one);
      const hit = inPlace.score > 0 ? inPlace : best(notes, one);
      if (hit.score === 0) {
        hits.length = 0;
        break;
      }
      if (hit !== inPlace) inNotes = true;
      score += hit.score * (hit === inTitle ? 4 : 1);
      hits.push(hit.word);
    }
    if (hits.length > 0) found.push({ task, hits, inNotes, score });
  }
  found.sort((a, b) => b.score - a.score || (a.task.updated_at < b.task.updated_at ? 1 : -1));
  return found.slice(0, most);
}

/** A text cut where a hit begins and ends. */
export function marked(text: string, hits: readonly string[]): { text: string; isHit: boolean; start: number }[] {
  const pieces: { text: string; isHit: boolean; start: number }[] = [];
  let at = 0;
  for (const match of text.matchAll(/[\p{L}\p{N}\p{M}]+/gu)) {
    if (!hits.includes(foldWord(match[0]))) continue;
    if (match.index > at) pieces.push({ text: text.slice(at, match.index), isHit: false, start: at });
    pieces.push({ text: match[0], isHit: true, start: match.index });
    at = match.index + match[0].length;
  }
  if (at < text.length) pieces.push({ text: text.slice(at), isHit: false, start: at });
  return pieces;
}
