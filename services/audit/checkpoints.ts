import { createHash, createPrivateKey, createPublicKey, hkdfSync, sign } from 'node:crypto';
import { appendFile } from 'node:fs/promises';
import { canonical } from '@taskmaster/contracts/audit/chain';
import type { Checkpoint } from '@taskmaster/contracts/audit/entry';
import type { RunningRuntime } from '@taskmaster/runtime/create-runtime';
import { statementsOf } from '@taskmaster/runtime/statement';
import type { Logger } from '@taskmaster/runtime/telemetry';

const say = statementsOf('audit');
const lock = say('lock_checkpoints', `select pg_advisory_xact_lock(hashtext('audit.checkpoint'))`);
const lastLine = say<{ line: string }>('last_checkpoint', 'select line from audit.checkpoint order by id desc limit 1');
/** Heads that no checkpoint holds yet. */
const moved = say<{ chain: string; seq: number; hash: string }>(
  'heads_moved',
  `update audit.chain set signed = seq where seq > signed returning chain, seq, encode(hash, 'hex') as hash`,
);
const keep = say('keep_checkpoint', 'insert into audit.checkpoint (at, line) values ($1, $2)');

const PKCS8_ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex');
const RAW_LENGTH = 32;

/** The key that signs checkpoints: always the same for one secret, so there is nothing more to keep or to lose. */
export function signingKey(secret: string) {
  const seed = Buffer.from(hkdfSync('sha256', secret, '', 'taskmaster audit checkpoints', 32));
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_ED25519, seed]), format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return { key, public_key: spki.subarray(-RAW_LENGTH).toString('hex') };
}

/**
 * Signs the heads that moved since the last time, into the database, the log stream and, where there is one, a file outside
 * the database: a chain rewritten as a whole no longer meets them. @returns the line, or nothing where nothing moved
 */
export async function makeCheckpoint(
  runtime: Pick<RunningRuntime<'audit'>, 'background'>,
  options: { secret: string; file?: string; log: Logger },
  now = new Date(),
): Promise<string | undefined> {
  const { key, public_key } = signingKey(options.secret);
  const line = await runtime.background(async (tx) => {
    const [, [last], heads] = await Promise.all([tx.query(lock, []), tx.query(lastLine, []), tx.query(moved, [])]);
    if (heads.length === 0) return undefined;
    const said: Omit<Checkpoint, 'signature'> = {
      at: now.toISOString(),
      previous: last ? createHash('sha256').update(last.line).digest('hex') : '',
      heads: Object.fromEntries(heads.map(({ chain, seq, hash }) => [chain, [seq, hash]])),
      public_key,
    };
    const signature = sign(null, Buffer.from(canonical(said)), key).toString('hex');
    const text = canonical({ ...said, signature });
    tx.write(keep, [said.at, text]);
    return text;
  });
  if (line === undefined) return undefined;
  globalThis.failpoint?.('audit.during_checkpoint');
  options.log.info({ checkpoint: JSON.parse(line) }, 'audit checkpoint');
  if (options.file) await appendFile(options.file, `${line}\n`, { mode: 0o600 });
  return line;
}
