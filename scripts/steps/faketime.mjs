import { existsSync } from 'node:fs';
import { quietly, step } from './step.mjs';

/** Makes sure that clocks can be moved for single programs, installing libfaketime only on Debian as root. Says where it cannot. */
export async function ensureFaketime() {
  if (await isThere()) return;
  const advice = 'Moved clocks are not tested here: libfaketime is missing (Debian, Ubuntu: apt-get install faketime).';
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) return console.log(advice);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await step('Installing libfaketime for the tests of moved clocks', async () => {
    await quietly(['apt-get', 'update'], { env }).catch(() => {});
    await quietly(['apt-get', 'install', '-y', '--no-install-recommends', 'faketime'], { env });
  }).catch(() => {});
  if (!(await isThere())) console.log(advice);
}

/** @returns {Promise<boolean>} */
const isThere = () =>
  quietly([process.execPath, '--import', 'tsx', 'test/support/try-faketime.ts']).then(
    () => true,
    () => false,
  );
