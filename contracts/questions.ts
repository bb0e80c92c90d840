import type { ChangeEvent } from './events/event.ts';

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
  /** Whether a session is still good. */
  session: { input: { sid: string }; answer: { user_id: string } | null };
}
export type Question = keyof Questions;
export type InputOf<Q extends Question> = Questions[Q]['input'];
export type AnswerOf<Q extends Question> = Questions[Q]['answer'];
