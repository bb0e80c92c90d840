/**
 * Where the program under test may be killed: between two steps that a crash must be allowed to part. A test build defines
 * the function; from every other the bundler leaves the calls out (a test looks).
 */
export const failpoints = [
  'api.before_commit',
  'api.after_commit_before_reply',
  'ops.mid_push',
  'relay.mid_batch',
  'relay.after_publish_before_position',
  'outbox.after_publish_before_mark',
  'consumer.before_commit',
  'consumer.after_commit_before_ack',
  'consumer.after_hold_before_repair',
  'jobs.after_commit_before_register',
  'notify.after_decide_before_send',
  'notify.after_send_before_record',
  'audit.after_append_before_ack',
  'audit.during_checkpoint',
  'migrate.mid',
  'restore.mid',
  'shutdown.during_drain',
] as const;
export type Failpoint = (typeof failpoints)[number];

declare global {
  var failpoint: ((name: Failpoint) => void) | undefined;
}
