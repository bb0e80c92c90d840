export interface OpenDatabaseOptions {
  /** A PostgreSQL of one's own; without it the bundled one runs on `data_dir`. */
  readonly database_url?: string | undefined;
  readonly data_dir: string;
  readonly log: (line: { level: 'info' | 'warn' | 'error'; msg: string; [field: string]: unknown }) => void;
  /** Told what a person waits for, in a few words. */
  readonly progress?: ((text: string) => void) | undefined;
  /** Accept settings that can lose confirmed work at a power cut. */
  readonly allow_unsafe?: boolean | undefined;
}

/** For `new pg.Pool` or `new pg.Client`. The embedded server is reached by a socket that only its owner can open. */
export type Connection =
  | { readonly connectionString: string }
  | {
      readonly host: string;
      readonly port: number;
      readonly user: string;
      readonly database: string;
      readonly ssl: false;
    };

export interface Database {
  readonly connection: Connection;
  readonly kind: 'embedded' | 'external';
  /** As the server says it: `18.4`. */
  readonly version: string;
  /** Ends the embedded server cleanly and frees the data folder; close your connections first. Safe to call twice. */
  stop(): Promise<void>;
  /** Resolves with the reason if the embedded server dies without `stop`; else never. */
  readonly exited: Promise<string>;
}
