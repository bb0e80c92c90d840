import { forgivesSlips, withinEdits, wordsOf } from '@taskmaster/domain/search-words';
import type { Tx } from '@taskmaster/runtime/runtime';
import { statementsOf } from '@taskmaster/runtime/statement';
import { LRUCache } from 'lru-cache';

const say = statementsOf('tasks');
const vocabularyAfter = say<{ word: string; n: number }>(
  'vocabulary_after',
  'select word, n from tasks.search_vocab where workspace_id = $1 and n > $2 order by n',
);

/** Enough for people to find what they mean, few enough for the database. */
const MOST_WORDS = 8;
const MOST_VARIANTS = 40;

/** The words of workspaces searched lately, each up to the last one seen. */
const known = new LRUCache<string, { words: string[]; last: number }>({ max: 500 });

/** A query word: the range of its prefixes, and the words of the workspace it may be a typo of. */
export interface SearchTerm {
  from: string;
  to: string;
  variants: string[];
}

/**
 * What a query means in a workspace: every word must be there, as a beginning of a word or within the edits that its
 * length forgives.
 */
export async function searchTerms(tx: Tx<'tasks'>, workspaceId: string, query: string): Promise<SearchTerm[]> {
  const words = wordsOf(query, MOST_WORDS);
  if (words.length === 0) return [];
  const vocab = words.some(forgivesSlips) ? await wordsIn(tx, workspaceId) : [];
  return words.map((word) => ({
    from: word,
    to: `${word}\u{10ffff}`,
    variants: forgivesSlips(word)
      ? vocab.filter((one) => one !== word && withinEdits(one, word)).slice(0, MOST_VARIANTS)
      : [],
  }));
}

async function wordsIn(tx: Tx<'tasks'>, workspaceId: string): Promise<readonly string[]> {
  const cached = known.get(workspaceId) ?? { words: [], last: 0 };
  const news = await tx.query(vocabularyAfter, [workspaceId, cached.last]);
  if (news.length > 0 || !known.has(workspaceId)) {
    // Two searches at once may bring the same news: the one with more wins, whole.
    const fresh = { words: [...cached.words, ...news.map((row) => row.word)], last: news.at(-1)?.n ?? cached.last };
    if (fresh.last >= (known.get(workspaceId)?.last ?? 0)) known.set(workspaceId, fresh);
    return fresh.words;
  }
  return cached.words;
}
