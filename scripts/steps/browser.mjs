import { existsSync } from 'node:fs';
import { quietly, StepFailed, step } from './step.mjs';

/** Makes sure that a browser can be started, installing one only on Debian as root. @throws {StepFailed} */
export async function ensureBrowser() {
  const before = await tryBrowser();
  if (before === undefined) return;
  const advice =
    'No browser could be started. Install Chrome or Chromium (Debian, Ubuntu: apt-get install chromium), then run the tests again.';
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) throw new StepFailed(`${before}\n${advice}`);
  await step('Installing chromium for the browser tests', async () => {
    const env = { DEBIAN_FRONTEND: 'noninteractive' };
    await quietly(['apt-get', 'update'], { env }).catch(() => {});
    await quietly(['apt-get', 'install', '-y', '--no-install-recommends', 'chromium'], { env, hint: advice });
  });
  const after = await tryBrowser();
  if (after !== undefined) throw new StepFailed(`${after}\n${advice}`);
}

/** @returns {Promise<string | undefined>} why it did not start */
function tryBrowser() {
  return quietly([process.execPath, '--import', 'tsx', 'test/support/try-browser.ts']).then(
    () => undefined,
    (/** @type {StepFailed} */ error) => error.message.split('\n').slice(0, 12).join('\n'),
  );
}
