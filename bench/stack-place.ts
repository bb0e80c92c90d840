import { rmSync } from 'node:fs';
import pg from 'pg';
import { startStack } from '../scripts/stack/stack.mjs';
import { signUp } from '../test/chaos/person.ts';
import { temporaryFolder } from '../test/chaos/program.ts';
import { numbers, type Place } from './stand.ts';

/** Five services on Dapr and Kafka, on data of their own. */
export async function openStackPlace(): Promise<Place & { end(): Promise<void> }> {
  const run_folder = temporaryFolder('bench-stack');
  const say = (text: string) => console.log(`  ${text}`);
  const stack = await startStack({ run_folder, env: { RATE_LIMIT: 'off', LOG_LEVEL: 'warn' }, say });
  const database = new pg.Client({ connectionString: stack.database_url, types: numbers });
  await database.connect();
  return {
    url: stack.url,
    database,
    people: (count) => Promise.all(Array.from({ length: count }, (_, index) => signUp(stack.url, `bench-${index}`))),
    async end() {
      await database.end();
      await stack.stop();
      rmSync(run_folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
