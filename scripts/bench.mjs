// `npm run bench [-- --quick --seconds 60 --only list]`: builds the program if need be, measures it, and prints the figures.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { build } from './steps/build.mjs';
import { install } from './steps/install.mjs';
import { root, StepFailed } from './steps/step.mjs';

try {
  await install();
  await build();
} catch (error) {
  if (!(error instanceof StepFailed)) throw error;
  console.error(error.message);
  process.exit(1);
}
const words = ['--import', 'tsx', path.join(root, 'bench/main.ts'), ...process.argv.slice(2)];
const child = spawn(process.execPath, words, { cwd: root, stdio: 'inherit' });
child.once('close', (code) => {
  process.exitCode = code ?? 1;
});
