import type { ChangeEvent } from './events/event.ts';
import type { ServiceName } from './services.ts';
import type { Actor } from './sync/changes.ts';

/** What one service may ask another. An answer never changes anything; changes travel as events. */
export interface Questions {
  /** The events of a workspace from a sequence to another, both included; at most 1000, then ask on. */
  events: {
    input: { workspace_id: string; from: number; to: number };
    answer: { events: ChangeEvent[]; head: number };
  };
  /** Heads and epochs: of these workspaces, of those that moved in the last seconds by the log's own clock, or of all. */
  heads: {
    input: { workspace_ids: string[] } | { moved_within: number } | { all: true };
    answer: { heads: { workspace_id: string; head: number; epoch: string; acl_version: number }[] };
  };
  /** The workspaces that a person belongs to now. */
  spaces: { input: { user_id: string }; answer: { workspace_ids: string[] } };
  /**
   * Who sends a request, as far as asking decides it: signed in, within what their token reaches, of an open account, within
   * their rate. Else refused by a Problem; where somebody known is refused, `extra.refused_to` is their id, for the audit log and
   * nobody else.
   */
  caller: {
    input: Sender;
    answer: {
      user_id: string;
      role: 'admin' | 'user';
      /** Memberships, the personal workspace first. */
      workspace_ids: string[];
      /** The session, or the token, that the request came by. */
      sid: string;
      actor: Actor;
    };
  };
  /** Who a one-use ticket for the socket was given to. Redeeming it is the asker's: it keeps `jti` until the ticket is over. */
  ticket: { input: { ticket: string }; answer: { user_id: string; sid: string; jti: string } };
  /** Whether a session is still good. */
  session: { input: { sid: string }; answer: { user_id: string } | null };
  /** What waits in a service, for whoever runs the place. */
  recurring_counts: { input: Nothing; answer: Counts };
  notification_counts: { input: Nothing; answer: Counts & { reminders: ReminderCounts } };
  audit_counts: { input: Nothing; answer: Counts };
}

/** What of a request decides who sends it: nothing else of it needs to be shown to whoever judges that. */
export interface Sender {
  method: string;
  /** As it is declared, with `:id` where an id stands. */
  route: string;
  headers: { [name in (typeof tellingHeaders)[number]]?: string };
}
export const tellingHeaders = ['authorization', 'cookie', 'host', 'origin', 'sec-fetch-site'] as const;

type Nothing = Record<string, never>;
interface Counts {
  outbox: number;
  inbox: number;
  dead_letters: number;
}
interface ReminderCounts {
  scheduled: number;
  overdue: number;
  failed: number;
  late_today: number;
}

/** Which service answers what. */
export const answeredBy = {
  events: 'api',
  heads: 'api',
  spaces: 'api',
  caller: 'api',
  ticket: 'api',
  session: 'api',
  recurring_counts: 'recurring',
  notification_counts: 'notification',
  audit_counts: 'audit',
} as const satisfies Record<keyof Questions, ServiceName>;

export type Question = keyof Questions;
export type InputOf<Q extends Question> = Questions[Q]['input'];
export type AnswerOf<Q extends Question> = Questions[Q]['answer'];
