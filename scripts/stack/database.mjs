import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { root } from '../steps/step.mjs';
import { createProcess } from './process.mjs';

/** The bundled PostgreSQL in a process of its own. @param {{folder: string}} options */
export function createDatabase({ folder }) {
  const said_in = path.join(folder, 'database.json');
  const program = path.join(root, 'scripts/stack/open-database.ts');
  const database = createProcess({
    name: 'database',
    command: [process.execPath, '--import', 'tsx', program, path.join(folder, 'database'), said_in],
    folder: root,
    log: path.join(folder, 'database.log'),
    isReady: async () => existsSync(said_in),
  });
  return {
    ...database,
    start() {
      rmSync(said_in, { force: true });
      return database.start();
    },
    /** Once it has started. @returns {string} */
    url: () => JSON.parse(readFileSync(said_in, 'utf8')).url,
  };
}
