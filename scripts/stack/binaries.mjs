import { existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { quietly, root } from '../steps/step.mjs';
import { once } from './cache.mjs';

const DAPR = '1.18.2';
const here = 'scripts/stack';

/**
 * Dapr's sidecar and scheduler: those installed if they are a 1.18, else built from the Go module beside this file.
 *
 * @returns {Promise<{daprd: string, scheduler: string}>}
 * @throws {import('../steps/step.mjs').StepFailed}
 */
export async function ensureDapr() {
  return (await installedDapr()) ?? (await builtDapr());
}

/** The scheduler cannot say its version: it counts as the sidecar's where both lie in one folder. */
async function installedDapr() {
  const folders = [...(process.env.PATH ?? '').split(path.delimiter), path.join(os.homedir(), '.dapr/bin')];
  for (const folder of folders) {
    const [daprd, scheduler] = [path.join(folder, 'daprd'), path.join(folder, 'scheduler')];
    if (!existsSync(daprd) || !existsSync(scheduler)) continue;
    const version = await quietly([daprd, '--version']).catch(() => '');
    if (/^1\.18\./.test(version.trim())) return { daprd, scheduler };
  }
}

async function builtDapr() {
  const folder = await once({
    name: `dapr-${DAPR}`,
    from: [`${here}/daprd`],
    what: `Building Dapr ${DAPR} from its sources, which takes minutes`,
    make: (into) => {
      const flags = `-s -w -X github.com/dapr/dapr/pkg/buildinfo.version=${DAPR}`;
      const packages = ['.', 'github.com/dapr/dapr/cmd/scheduler'];
      return quietly(
        ['nice', 'go', 'build', '-mod=readonly', '-trimpath', '-ldflags', flags, '-o', into, ...packages],
        {
          cwd: path.join(root, here, 'daprd'),
          env: { CGO_ENABLED: '0' },
          hint: `Building needs Go 1.26 or newer (https://go.dev/dl). Or install Dapr ${DAPR}: https://docs.dapr.io/getting-started/install-dapr-selfhost`,
        },
      );
    },
  });
  return { daprd: path.join(folder, 'daprd'), scheduler: path.join(folder, 'scheduler') };
}

/** The jars of a Kafka broker. @returns {Promise<string>} their folder @throws {import('../steps/step.mjs').StepFailed} */
export async function ensureKafka() {
  const hint = 'Kafka needs Java 17 or newer and Maven (Debian, Ubuntu: apt-get install default-jre-headless maven).';
  return once({
    name: 'kafka-3.9.1',
    from: [`${here}/kafka/pom.xml`],
    what: 'Fetching Kafka 3.9.1',
    make: async (into) => {
      await quietly(['java', '-version'], { hint });
      const words = ['dependency:copy-dependencies', `-DoutputDirectory=${into}`, '-DincludeScope=runtime'];
      await quietly(['mvn', '-q', '-B', '-ntp', '-f', path.join(root, here, 'kafka/pom.xml'), ...words], { hint });
    },
  });
}
