export type StartRefusalCode =
  | 'already_running'
  | 'data_dir_unusable'
  | 'foreign_folder'
  | 'damaged_folder'
  | 'other_major_version'
  | 'no_native_package'
  | 'no_user_to_run_as'
  | 'server_did_not_start'
  | 'database_unreachable'
  | 'server_too_old'
  | 'takes_no_changes'
  | 'unsafe_settings'
  | 'session_features_missing';

/**
 * The database cannot be opened, and a person has to decide something first.
 * The message says what was found, `what_to_do` says how to go on; print both without a stack and exit with 1.
 * When it is thrown, nothing that was found on disk has been changed and no process is left running.
 */
export class StartRefusal extends Error {
  override readonly name = 'StartRefusal';

  constructor(
    readonly code: StartRefusalCode,
    found: string,
    readonly what_to_do: string,
  ) {
    super(found);
  }
}
