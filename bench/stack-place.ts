import { rmSync } from 'node:fs';
import pg from 'pg';
import { type Stack, startStack } from '../scripts/stack/stack.mjs';
import { signUp } from '../test/chaos/person.ts';
import { temporaryFolder } from '../test/chaos/program.ts';
import { numbers, type Place } from './stand.ts';

export interface StackPlace extends Place {
  readonly stack: Stack;
  end(): Promise<void>;
}

/** Five services on Dapr and Kafka, on data of their own. */
export async function openStackPlace(env: Readonly<Record<string, string>> = {}): Promise<StackPlace> {
  const run_folder = temporaryFolder('bench-stack');
  const say = (text: string) => console.log(`  ${text}`);
  const stack = await startStack({ run_folder, env: { RATE_LIMIT: 'off', LOG_LEVEL: 'warn', ...env }, say });
  const database = new pg.Client({ connectionString: stack.database_url, types: numbers });
  await database.connect();
  return {
    stack,
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
