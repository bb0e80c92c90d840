// The bundled PostgreSQL alone, for programs that run apart: says where it is in a file, and ends with a signal.
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { openEmbedded } from '@taskmaster/db/server/embedded';
import type pg from 'pg';

const [data_dir = '', said_in = ''] = process.argv.slice(2);
const database = await openEmbedded({
  data_dir,
  // Five services, several instances of each, and a sidecar for every one.
  max_connections: 300,
  progress: (text) => console.log(text),
  log: (entry) => console.log(JSON.stringify(entry)),
});
const { host = '', port, user = '', database: name } = database.connection as pg.ClientConfig;
const url = `postgresql://${user}@localhost/${name}?host=${encodeURIComponent(host)}&port=${port}`;
// Nothing else keeps this program.
const stay = setInterval(() => undefined, 1_000_000);
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.once(signal, async () => {
    clearInterval(stay);
    rmSync(said_in, { force: true });
    await database.stop();
    process.exit(0);
  });
// Whoever waits for it reads it as soon as it is there: whole, then.
writeFileSync(`${said_in}.unfinished`, JSON.stringify({ url }), { mode: 0o600 });
renameSync(`${said_in}.unfinished`, said_in);
