// `npm run verify`: everything that can be said about the code without running the product. One line per check.
import { writeFileSync } from 'node:fs';
import { nodeCommand, quietly, StepFailed, step } from './steps/step.mjs';

/** @type {ReadonlyArray<readonly [string, string[]]>} */
const CHECKS = [
  ['types', nodeCommand('typescript/bin/tsc', '--noEmit')],
  ['style', nodeCommand('@biomejs/biome/bin/biome', 'check', '.')],
  ['unused code', nodeCommand('knip/bin/knip.js', '--no-progress')],
  [
    'boundaries',
    nodeCommand('vitest/vitest.mjs', 'run', '--reporter=dot', '--project', 'unit', 'test/architecture.test.ts'),
  ],
  ['wire', nodeCommand('vitest/vitest.mjs', 'run', '--reporter=dot', '--project', 'unit', 'contracts')],
];

let failed = 0;
for (const [name, command] of CHECKS) {
  try {
    await step(name, () => quietly(command, { env: { NO_COLOR: '1' } }));
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
    console.error(error.message);
    failed += 1;
  }
}
if (process.env.TOTALS_FILE) writeFileSync(process.env.TOTALS_FILE, `${CHECKS.length - failed} ${failed}\n`);
else console.log(failed === 0 ? 'verified' : `${failed} of ${CHECKS.length} checks failed`);
process.exitCode = failed > 0 ? 1 : 0;
