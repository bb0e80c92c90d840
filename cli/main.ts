import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { serviceNames } from '@taskmaster/contracts/http/admin';
import { everyService } from '@taskmaster/contracts/services';
import { ask, Refused } from './ask.ts';
import { table } from './table.ts';
import { beginningsInWords, inWords, verifyFile } from './verify-audit.ts';

const HELP = `taskmaster: for whoever runs the place, on the machine where it runs (DATA_DIR names the folder; ./data without)

  status                               how it goes
  users                                everybody with an account
  users reset-password ADDRESS         a link by which one person chooses a new password
  users role ADDRESS admin|user        who runs the place
  users invite                         a link by which one person makes an account
  dead-letters                         events that could not be handled
  dead-letters show SERVICE ID         one of them, with its event
  dead-letters replay SERVICE ID       apply it now, once
  replay SINCE                         after a broker was lost: have every service publish again what it emitted since then
  backup                               make a backup now, while everybody goes on
  restore FILE                         put one into a new DATA_DIR (or an empty DATABASE_URL); TaskMaster must not run there
  new-epoch                            after the database was put back to an earlier time by its own means (a snapshot, a point in
                                       time): before TaskMaster starts, so that no number of a change means two
  audit verify FILE [--checkpoints FILE] [--key HEX]
                                       verify an export of the audit log; needs no network and no TaskMaster
`;
const REPLAYED: Readonly<Record<string, string>> = {
  applied: 'Applied.',
  superseded:
    'Something newer was written there meanwhile, so it changed nothing; what it would have planned is planned by now.',
  already_replayed: 'It was applied before; nothing was done.',
};
type Row = Record<string, unknown>;
const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** What needs the database alone is the program's own to do. */
function runProgram(...words: string[]): void {
  const program = fileURLToPath(new URL('./main.js', import.meta.url));
  process.exitCode = spawnSync(process.execPath, [program, ...words], { stdio: 'inherit' }).status ?? 1;
}

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { checkpoints: { type: 'string' }, key: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  });
  const [noun = '', verb, ...rest] = positionals;
  if (values.help || noun === '' || noun === 'help') return say(HELP);
  switch (noun) {
    case 'status':
      return showStatus();
    case 'users':
      if (verb === undefined) return showUsers();
      if (verb === 'reset-password' && rest[0])
        return showLink(await ask('POST', '/api/admin/users/reset-password', { email: rest[0] }));
      if (verb === 'role' && rest[0] && (rest[1] === 'admin' || rest[1] === 'user')) {
        await ask('POST', '/api/admin/users/role', { email: rest[0], role: rest[1] });
        return say(rest[1] === 'admin' ? 'They run the place now.' : 'They no longer run the place.');
      }
      if (verb === 'invite') return showLink(await ask('POST', '/api/admin/invitations', {}));
      break;
    case 'dead-letters':
      if (verb === undefined) return showDeadLetters();
      if (verb === 'show' && rest.length === 2)
        return say(JSON.stringify(await ask('GET', deadLetterPath(rest)), null, 2));
      if (verb === 'replay' && rest.length === 2) {
        const { outcome } = await ask<{ outcome: string }>('POST', `${deadLetterPath(rest)}/replay`, {});
        return say(REPLAYED[outcome] ?? outcome);
      }
      break;
    case 'replay':
      if (verb) return replay(verb);
      break;
    case 'backup': {
      const { file, rows, bytes } = await ask<{ file: string; rows: number; bytes: number }>(
        'POST',
        '/api/admin/backups',
        {},
      );
      return say(
        `${file}\n${rows} rows, ${(bytes / 1024).toFixed(0)} kB. It holds everything, secrets too: keep it as you keep the data folder.`,
      );
    }
    case 'restore':
      if (verb) return runProgram('restore', verb);
      break;
    case 'new-epoch':
      return runProgram('new-epoch');
    case 'audit':
      if (verb === 'verify' && rest[0]) {
        if (values.key !== undefined && !/^[0-9a-f]{64}$/i.test(values.key))
          throw new Refused('A key is 64 hexadecimal digits.');
        const found = await verifyFile(rest[0], values.checkpoints, values.key?.toLowerCase());
        const { entries, chains, begins, at, broken_at, public_keys } = found;
        if (broken_at) {
          process.exitCode = 1;
          return say(`BROKEN after ${entries} good entries. ${inWords(broken_at)}`);
        }
        return say(
          [
            `Intact: ${entries} entries in ${chains.length} chains, all that there were at ${at}.`,
            ...beginningsInWords(begins),
            values.key
              ? 'Signed by your key.'
              : `Signed by ${public_keys.join(' and ')}: compare with the key you noted, or give it: --key HEX`,
            values.checkpoints
              ? found.checkpoints === 0
                ? 'The file of checkpoints holds none, so nothing was held against one.'
                : `Held against ${found.checkpoints} checkpoints: what they signed of these chains is there.`
              : 'Written anew as a whole would only show against checkpoints kept elsewhere: --checkpoints FILE',
          ].join('\n'),
        );
      }
  }
  throw new Refused(`There is no such command, or something is missing: ${positionals.join(' ')}\n\n${HELP}`);
}

function deadLetterPath([service = '', id = '']: string[]): string {
  if (!(serviceNames as readonly string[]).includes(service))
    throw new Refused(`A service is one of ${serviceNames.join(', ')}.`);
  return `/api/admin/${service}/dead-letters/${encodeURIComponent(id)}`;
}

async function replay(since: string): Promise<void> {
  for (const service of everyService) {
    const { events } = await ask<{ events: number }>('POST', `/api/admin/${service}/replay`, { since });
    say(`${service}: ${events} events go out again`);
  }
}

function showLink({ url, expires_at }: { url: string; expires_at: string }): void {
  say(`${url}\nIt works once, until ${expires_at}. Hand it to nobody else.`);
}

async function showStatus(): Promise<void> {
  const status = await ask<Row & { services: Row[]; reminders: Row | null }>('GET', '/api/admin/status');
  say(`TaskMaster ${status.version}, running since ${status.started_at}; ${status.users} accounts`);
  say(`relay: ${status.relay_lag} changes behind · backup: ${status.backup}`);
  const { scheduled, overdue, failed, late_today } = status.reminders ?? {};
  say(
    status.reminders
      ? `reminders: ${scheduled} scheduled, ${overdue} overdue, ${late_today} late in the last day, ${failed} not delivered\n`
      : 'reminders: not known, notification does not answer\n',
  );
  say(table(status.services, ['name', 'outbox', 'inbox', 'dead_letters']));
}

async function showUsers(): Promise<void> {
  const { items } = await ask<{ items: Row[] }>('GET', '/api/admin/users');
  say(table(items, ['email', 'name', 'role', 'closed_at', 'email_verified', 'sessions', 'last_seen_at', 'created_at']));
}

async function showDeadLetters(): Promise<void> {
  const lists = await Promise.all(
    serviceNames.map(async (service) => {
      const { items } = await ask<{ items: Row[] }>('GET', `/api/admin/${service}/dead-letters`);
      return items.map((item) => ({ service, ...item }));
    }),
  );
  const letters = lists.flat();
  say(
    letters.length === 0
      ? 'None.'
      : table(letters, ['service', 'id', 'event_type', 'attempts', 'failed_at', 'outcome', 'error']),
  );
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
