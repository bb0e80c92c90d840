import { foldWord, withinEdits, wordsOf } from '@taskmaster/domain/search-words';
import type { Task } from '@taskmaster/domain/task';

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

/** Tasks that hold every word of the query, in title or tags before notes, open before done, then the latest. */
export function findTasks(tasks: readonly Task[], query: string, most = 100): Found[] {
  const queries = wordsOf(query.replace(/[@#]/g, ' '));
  if (queries.length === 0) return [];
  const found: (Found & { score: number })[] = [];
  for (const task of tasks) {
    const { title, notes } = searched(task);
    let score = task.status === 'pending' ? 2 : 0;
    let inNotes = false;
    const hits: string[] = [];
    for (const one of queries) {
      const inTitle = best(title, one);
      const hit = inTitle.score > 0 ? inTitle : best(notes, one);
      if (hit.score === 0) {
        hits.length = 0;
        break;
      }
      if (hit !== inTitle) inNotes = true;
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
