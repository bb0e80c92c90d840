// `npm test [-- unit pg e2e …]`: runs the kinds of tests in order and ends with one line of real totals.
// Words that name no kind go to vitest: `npm test -- pg db/server -t "second start"`.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ensureDapr, ensureKafka } from './stack/binaries.mjs';
import { ensureBrowser } from './steps/browser.mjs';
import { build } from './steps/build.mjs';
import { ensureFaketime } from './steps/faketime.mjs';
import { filesIn, nodeCommand, root, StepFailed } from './steps/step.mjs';

const KINDS = ['unit', 'pg', 'e2e'];
const LONG = ['chaos', 'distributed'];

const named = process.argv.slice(2).filter((word) => [...KINDS, ...LONG].includes(word));
const words = process.argv.slice(2).filter((word) => !named.includes(word));
const totals = { passed: 0, failed: 0, skipped: 0 };
const reports = mkdtempSync(path.join(os.tmpdir(), 'taskmaster-report-'));
try {
  for (const kind of named.length > 0 ? named : KINDS) await run(kind);
} finally {
  rmSync(reports, { recursive: true, force: true });
}
if (totals.passed + totals.failed === 0) {
  console.error('No test ran.');
  totals.failed = 1;
}
if (totals.skipped > 0) console.log(`${totals.skipped} skipped`);
if (process.env.TOTALS_FILE) writeFileSync(process.env.TOTALS_FILE, `${totals.passed} ${totals.failed}\n`);
else console.log(`${totals.passed} passed, ${totals.failed} failed`);
process.exitCode = totals.failed > 0 ? 1 : 0;

/** @param {string} kind */
async function run(kind) {
  const needsProgram = LONG.includes(kind) || kind === 'e2e';
  if (needsProgram) {
    if (!filesIn('.').some((file) => new RegExp(`\\.${kind}\\.test\\.tsx?$`).test(file))) return;
    try {
      await build();
      if (kind === 'e2e') await ensureBrowser();
      if (kind === 'chaos') await ensureFaketime();
      if (kind === 'distributed') {
        await ensureDapr();
        await ensureKafka();
      }
    } catch (error) {
      if (!(error instanceof StepFailed)) throw error;
      console.error(`${kind}: ${error.message}`);
      totals.failed += 1;
      return;
    }
  }
  const report = path.join(reports, `${kind}.json`);
  const code = await vitest(
    'run',
    '--project',
    kind,
    '--passWithNoTests',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...words,
  );
  const counted = count(report);
  totals.passed += counted.passed;
  totals.skipped += counted.skipped;
  // An error outside of every test still makes the run fail.
  totals.failed += code !== 0 ? Math.max(counted.failed, 1) : counted.failed;
}

/** @param {string[]} commands @returns {Promise<number>} */
function vitest(...commands) {
  return new Promise((resolve) => {
    const [program = '', ...rest] = nodeCommand('vitest/vitest.mjs', ...commands);
    spawn(program, rest, { cwd: root, stdio: 'inherit' }).once('close', (code) => resolve(code ?? 1));
  });
}

/** A file that could not be loaded has no tests to count: it is one failure. @param {string} report */
function count(report) {
  try {
    const result = JSON.parse(readFileSync(report, 'utf8'));
    const unloaded = result.testResults.filter(
      (/** @type {{status: string, assertionResults: {status: string}[]}} */ file) =>
        file.status === 'failed' && file.assertionResults.every(({ status }) => status !== 'failed'),
    );
    return {
      passed: result.numPassedTests,
      failed: result.numFailedTests + unloaded.length,
      skipped: result.numPendingTests + result.numTodoTests,
    };
  } catch {
    return { passed: 0, failed: 0, skipped: 0 };
  }
}
