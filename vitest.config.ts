import { defineConfig } from 'vitest/config';

const sources = ['domain', 'contracts', 'db', 'runtime', 'services', 'web', 'cli', 'test'];
const files = (suffix: string) => sources.map((folder) => `${folder}/**/*${suffix}.test.{ts,tsx}`);
const needsMore = ['.pg', '.conformance', '.e2e', '.chaos', '.distributed'].flatMap(files);

/** Vitest says `test` by a variable that is a setting of ours: the programs that tests start hear nothing of it. */
const env = { MODE: '' };

/** Kinds by suffix: plain needs nothing, pg and conformance PostgreSQL, e2e program and browser, distributed Kafka and Dapr. */
export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', env, include: files(''), exclude: ['**/node_modules/**', ...needsMore] } },
      {
        test: {
          name: 'pg',
          env,
          include: [...files('.pg'), ...files('.conformance')],
          globalSetup: ['test/support/postgres-global.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'e2e',
          env,
          include: files('.e2e'),
          testTimeout: 120_000,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'chaos',
          env,
          include: files('.chaos'),
          testTimeout: 1_800_000,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'distributed',
          env,
          include: files('.distributed'),
          globalSetup: ['test/support/postgres-global.ts'],
          testTimeout: 120_000,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
