import { rmSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { type Person, signUp } from '../test/chaos/person.ts';
import { copyProgram, freePort, type Program, startProgram, temporaryFolder } from '../test/chaos/program.ts';

/** Where the product runs, whether as one program or as several, and a connection that sees everything. */
export interface Place {
  readonly url: string;
  readonly database: pg.Client;
  people(count: number): Promise<Person[]>;
}

/** The program, running on data of its own. */
export interface Stand extends Place {
  readonly program: Program;
  readonly data_dir: string;
  person(): Promise<Person>;
  /** Ends the program and starts it again on the same data. Milliseconds from the start to the first answer of `/ready`. */
  restart(): Promise<number>;
  end(): Promise<void>;
}

export interface StandOptions {
  /** For `node`, for instance `--cpu-prof`. */
  readonly node?: readonly string[];
}

export async function openStand(options: StandOptions = {}): Promise<Stand & { firstStart: number }> {
  const copy = copyProgram();
  const data_dir = temporaryFolder('bench');
  const port = await freePort();
  let program: Program;
  let database: pg.Client;
  const start = async (): Promise<number> => {
    const began = performance.now();
    program = startProgram({ folder: copy.folder, data_dir, port, ...(options.node ? { node: options.node } : {}) });
    await program.ready();
    const took = performance.now() - began;
    database = new pg.Client({ ...program.connection, types: numbers });
    database.on('error', () => undefined);
    await database.connect();
    return took;
  };
  const stop = async () => {
    await database?.end().catch(() => undefined);
    await program.stop();
  };
  const end = async () => {
    await stop();
    copy.remove();
    rmSync(path.resolve(data_dir), { recursive: true, force: true, maxRetries: 5 });
  };
  const firstStart = await start();
  return {
    firstStart,
    data_dir,
    url: `http://127.0.0.1:${port}`,
    get program() {
      return program;
    },
    get database() {
      return database;
    },
    async people(count) {
      const found: Person[] = [];
      while (found.length < count) found.push(await signUp(program.url, `bench-${found.length}`));
      return found;
    },
    person: () => signUp(program.url, 'bench'),
    async restart() {
      await stop();
      return start();
    },
    end,
  };
}

export const numbers = {
  getTypeParser: (oid: number, format?: 'text') =>
    oid === 20 || oid === 1700 ? Number : pg.types.getTypeParser(oid, format),
} as never;
