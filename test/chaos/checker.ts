import pg from 'pg';
import type { Taken } from '../support/smtp-sink.ts';
import { audit } from './checks/audit.ts';
import { behind, deadLetters } from './checks/behind.ts';
import {
  doubled,
  feedDiffers,
  gaps,
  heardOtherwise,
  lost,
  phantoms,
  readSnapshot,
  replayDiffers,
  successors,
} from './checks/log.ts';
import { mails } from './checks/mails.ts';
import { seenByOthers } from './checks/others.ts';
import { type Pause, reminders } from './checks/reminders.ts';
import type { Record } from './clients.ts';
import { claimsOf } from './journal.ts';
import { type Person, waitFor } from './person.ts';
import { type Finding, type Rows, row } from './promises.ts';

export interface CheckOptions {
  readonly url: string;
  readonly connection: pg.ClientConfig;
  readonly people: readonly Person[];
  readonly record: Record;
  readonly letters: readonly Taken[];
  /** When programs ended by force, in milliseconds. */
  readonly deaths: readonly number[];
  /** When nothing could be decided; undefined where clocks were moved, and such times mean nothing. */
  readonly pauses?: readonly Pause[];
  /** Milliseconds that consumers get to catch up. */
  readonly patience: number;
  /** Milliseconds for which nothing may be left to do before it counts as done: what a broker has in hand stands in no table. */
  readonly quiet?: number;
}

/** Compares what clients were told with what the tables and the feed hold, once the consumers had time to catch up. */
export async function check(options: CheckOptions): Promise<Rows> {
  const { url, people, record, letters, deaths } = options;
  const { attempts, counts } = record;
  const client = new pg.Client(options.connection);
  client.on('error', () => undefined);
  await client.connect();
  try {
    // What somebody was promised for the next seconds is waited for as well.
    let since: number | undefined;
    const isDone = async () => {
      since = (await behind(client, 10)).length > 0 ? undefined : (since ?? Date.now());
      return since !== undefined && Date.now() - since >= (options.quiet ?? 0);
    };
    await waitFor(isDone, options.patience);
    const left = await behind(client);
    const snapshot = await readSnapshot(client);
    const claims = attempts.flatMap(claimsOf);
    const reminded = await reminders(client, attempts, options.pauses);
    const mailed = await mails(client, letters, deaths);
    const audited = await audit(client);
    const followed = successors(snapshot);
    const others = await seenByOthers(snapshot, { url, people, attempts, letters });
    const feed = [...(await feedDiffers(snapshot, url, people)), ...heardOtherwise(snapshot, record.heard)];
    const changes = snapshot.changes.length;
    const again = counts.retried + counts.replayed;
    const inDoubt = attempts.filter((attempt) => attempt.retries > 0).length;
    const wrong = attempts.filter((attempt) => attempt.wrong).length;
    const shown = (attempt: (typeof attempts)[number]): Finding => ({
      ...(attempt.id ? { id: attempt.id } : {}),
      what: `${attempt.request.method} ${attempt.request.path} ${attempt.answer?.status ?? ''} ${attempt.answer?.text ?? ''}`,
    });
    const differing = record.differences.map(({ path, first, again }) => ({ what: `${path}\n  ${first}\n  ${again}` }));
    const refused = attempts.filter(
      (one) => one.outcome !== 'unknown' && (one.outcome === 'refused') !== (one.wrong === true),
    );
    const open = attempts.filter((attempt) => attempt.outcome === 'unknown');
    const paused = 'came due while it could not';
    const doubt = 'hand-overs in doubt when it was killed';
    return {
      'P1 lost': row(lost(snapshot, claims), claims.length, 'acknowledged changes', inDoubt, 'requests in doubt'),
      'P1 answers differ': row(differing, counts.replayed, 'requests sent again after their answer'),
      'P1 feed differs': row(feed, changes, 'changes', record.heard.length, `told to ${counts.sockets} sockets`),
      'P2 phantom': row(phantoms(snapshot, record), changes, 'changes', wrong, 'requests to be refused'),
      'P2 replay differs': row(replayDiffers(snapshot), snapshot.rows.size, 'rows'),
      'P2 wrongly refused': row(refused.map(shown), attempts.length, 'requests', wrong, 'to be refused'),
      'P3 doubled': row(await doubled(client), attempts.length, 'requests', again, 'sent again'),
      'P4 gaps': row(gaps(snapshot), changes, `changes of ${snapshot.heads.size} workspaces`),
      'P4 out of order': row(audited.reordered, audited.entries, 'effects'),
      'P4 dead letters': row(await deadLetters(client), changes, 'changes'),
      'P5 reminders missing': row(reminded.missing, reminded.promised, 'promised', reminded.due_in_pauses, paused),
      'P5 reminders doubled': row(reminded.doubled, reminded.told, 'shown', reminded.due_in_pauses, paused),
      'P5 reminders early': row(reminded.early, reminded.decided, 'decided'),
      'P5 late without reason': row(
        reminded.unexplained,
        reminded.decided,
        'decided',
        reminded.late,
        'over half a minute late',
      ),
      'P5 mails lost': row(mailed.lost, mailed.letters, 'letters', mailed.doubtful, doubt),
      'P5 mails doubled': row(
        mailed.doubled,
        mailed.taken,
        `taken, ${mailed.again} of them again`,
        mailed.doubtful,
        doubt,
      ),
      'P6 successors missing': row(followed.missing, followed.completed, 'completed slots'),
      'P6 successors doubled': row(
        followed.doubled,
        followed.completed,
        'completed slots',
        counts.completed_twice,
        'completed twice at once',
      ),
      'P7 seen by others': row(others.found, others.looked, `ids that ${people.length} people saw`),
      'P8 entries missing': row(audited.missing, changes, 'changes'),
      'P8 entries without a change': row(audited.extra, audited.entries, 'entries'),
      'P8 chains broken': row(audited.broken, audited.entries, 'entries, computed again'),
      'P9 not caught up': row(left, changes, 'changes'),
      'P9 unresolved': row(open.map(shown), attempts.length, 'requests', inDoubt, 'in doubt at first'),
      'P9 unclear errors': row(
        record.unclear,
        attempts.length,
        'requests',
        counts.unavailable,
        'told to try again later',
      ),
    };
  } finally {
    await client.end();
  }
}
