// A program that opens a database folder and keeps it, for tests that kill programs.
// It prints one JSON line per event: {progress}, {opened, postmaster}, {refused, message}, {stopped}. SIGTERM ends it cleanly.
import { openEmbedded } from '@taskmaster/db/server/embedded';
import { StartRefusal } from '@taskmaster/db/server/start';

const [data_dir = '', guard] = process.argv.slice(2);
const say = (event: object) => process.stdout.write(`${JSON.stringify(event)}\n`);

try {
  let postmaster: unknown;
  const database = await openEmbedded(
    {
      data_dir,
      progress: (progress) => say({ progress }),
      log: ({ pid }) => {
        postmaster = pid ?? postmaster;
      },
    },
    guard === 'pipe' || guard === 'death_signal' ? guard : undefined,
  );
  const stay = setInterval(() => {}, 1_000_000);
  process.once('SIGTERM', async () => {
    await database.stop();
    clearInterval(stay);
    say({ stopped: true });
  });
  say({ opened: database.connection, postmaster });
} catch (error) {
  if (!(error instanceof StartRefusal)) throw error;
  say({ refused: error.code, message: error.message });
  process.exitCode = 1;
}
