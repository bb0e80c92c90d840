import { afterAll, onTestFinished, test } from 'vitest';
import { befall } from './befall.ts';
import { startDatabaseServer } from './database-server.ts';
import { FAULTS, faultsOf } from './faults.ts';
import { copyProgram } from './program.ts';
import { SEED } from './random.ts';

const copy = copyProgram();
afterAll(() => copy.remove());

test('whatever befalls the program and its own database, every promise holds and everything catches up', async () => {
  await befall(FAULTS, { folder: copy.folder, seed: SEED });
});

test('whatever befalls a database elsewhere and the way to it, the program outlives it', async () => {
  const database = await startDatabaseServer();
  onTestFinished(() => database.stop());
  const { url, connection } = database;
  await befall(faultsOf(database), { folder: copy.folder, seed: SEED, env: { DATABASE_URL: url }, connection });
});
