import { readdirSync, readFileSync } from 'node:fs';

/**
 * Every migration in the order of its number. The bundle keeps the folder beside the program (see scripts/set-up.mjs),
 * so that an operator can read what will run.
 */
const folder = new URL('./migrations/', import.meta.url);

export const migrations: readonly { name: string; sql: string }[] = readdirSync(folder)
  .filter((file) => file.endsWith('.sql'))
  .sort()
  .map((file) => ({ name: file.replace(/\.sql$/, ''), sql: readFileSync(new URL(file, folder), 'utf8') }));
