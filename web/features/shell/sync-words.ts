import { localOf } from '@taskmaster/domain/time/zoned';
import type { Screen } from '../../sync/screen.ts';
import type { LinesState } from '../../ui/lines.tsx';

export interface SyncWords {
  state: LinesState;
  words: string;
  note: string;
  /** For the corner of a phone; empty while all is well. */
  short: string;
}

const edits = (count: number): string => (count === 1 ? '1 edit' : `${count} edits`);
const number = (seq: number): string => `#${seq.toLocaleString('en')}`;

/** The state of sync as a sentence: what is only here, what is refused, since when nobody answers. */
export function syncWords({
  status,
  pending,
  blocked,
  seq,
  head,
  loaded,
  settings,
}: Pick<Screen, 'status' | 'pending' | 'blocked' | 'seq' | 'head' | 'loaded' | 'settings'>): SyncWords {
  const here = pending.length;
  const kept = here > 0 ? `${here} kept` : '';
  if (blocked.length > 0)
    return {
      state: 'refused',
      words: blocked.length === 1 ? '1 edit was refused' : `${blocked.length} edits were refused`,
      note: 'look',
      short: 'Refused',
    };
  switch (status.connection) {
    case 'signed_out':
      return { state: 'offline', words: 'Signed out', note: kept || 'sign in', short: 'Signed out' };
    case 'closed':
      return { state: 'offline', words: 'Account closed', note: kept, short: 'Closed' };
    case 'revoked':
      return { state: 'refused', words: 'No longer yours to see', note: kept, short: 'Revoked' };
    case 'too_old':
      return { state: 'offline', words: 'Reload for a newer page', note: kept, short: 'Reload' };
    case 'offline': {
      const since = status.since ? ` since ${localOf(status.since, settings.time_zone).time}` : '';
      return {
        state: 'offline',
        words: `Offline${since}`,
        note: kept,
        short: here > 0 ? `Offline, ${kept}` : 'Offline',
      };
    }
  }
  if (here > 0) {
    const stored = status.stored ? `${edits(here)} on this device` : `${edits(here)} in this tab only`;
    return {
      state: status.sending ? 'sending' : 'here',
      words: stored,
      note: status.sending ? 'sending' : number(seq),
      short: `${here} here`,
    };
  }
  if (!loaded) return { state: 'behind', words: 'Fetching your tasks', note: '', short: 'Fetching' };
  if (head > seq)
    return {
      state: 'behind',
      words: 'Catching up',
      note: `${number(seq)} → ${number(head)}`,
      short: `${head - seq} to come`,
    };
  if (status.connection === 'starting') return { state: 'equal', words: 'As last seen', note: number(seq), short: '' };
  return { state: 'equal', words: 'All on the server', note: number(seq), short: '' };
}
