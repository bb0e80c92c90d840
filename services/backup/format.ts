import { createHash } from 'node:crypto';
import { z } from 'zod';

/**
 * A backup is gzip of lines: one that says what it is; for each table one that names it and its columns, its rows as
 * PostgreSQL's COPY writes them (one a line), and `\.`; then one with the number of rows of each table and the SHA-256 of
 * everything before it. So a file that was cut, or changed, is known before anything of it is believed.
 */
export const FORMAT = 1;

export const beginSchema = z.object({
  taskmaster_backup: z.literal(FORMAT),
  at: z.string(),
  version: z.string(),
  /** Which migrations had been run: a restore runs these, takes the rows, then runs what is newer. */
  migrations: z.array(z.string()),
  database: z.string(),
  /** What signs sessions and seals keys: without it nobody who is signed in stays so. Null where it was given by the environment. */
  secret: z.string().nullable(),
  /** Of the secret, wherever it is kept: whoever restores finds out whether theirs is the same. */
  secret_fingerprint: z.string(),
});
export type Begin = z.infer<typeof beginSchema>;
export const tableSchema = z.object({ copy: z.string(), columns: z.array(z.string()) });
export const endSchema = z.object({ end: z.object({ rows: z.record(z.string(), z.int()), sha256: z.string() }) });

export const fingerprintOf = (secret: string): string =>
  createHash('sha256').update(`taskmaster secret ${secret}`).digest('hex');

export const END_OF_TABLE = '\\.';
