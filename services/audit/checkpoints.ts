import { createHash, createPrivateKey, createPublicKey, hkdfSync, sign } from 'node:crypto';
import { canonical } from '@taskmaster/contracts/audit/chain';
import type { Checkpoint } from '@taskmaster/contracts/audit/entry';
import type { RunningRuntime } from '@taskmaster/runtime/create-runtime';
import { statementsOf } from '@taskmaster/runtime/statement';
import type { Logger } from '@taskmaster/runtime/telemetry';
import { bringUpToDate } from './checkpoint-file.ts';

const say = statementsOf('audit');
const lock = say('lock_checkpoints', `select pg_advisory_xact_lock(hashtext('audit.checkpoint'))`);
const lastLine = say<{ line: string }>('last_checkpoint', 'select line from audit.checkpoint order by id desc limit 1');
/** Heads that no checkpoint holds yet. */
const moved = say<{ chain: string; seq: number; hash: string }>(
  'heads_moved',
  `update audit.chain set signed = seq where seq > signed returning chain, seq, encode(hash, 'hex') as hash`,
);
/** By the database's clock, after the heads were read: who reads heads later than this has at least these. */
const clock = say<{ at: string }>('clock', 'select clock_timestamp() as at');
const keep = say('keep_checkpoint', 'insert into audit.checkpoint (at, line) values ($1, $2)');
const PKCS8_ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex');
const RAW_LENGTH = 32;

/** Signs with a key that is always the same for one secret, so there is nothing more to keep or to lose. */
export function createSigner(secret: string) {
  const seed = Buffer.from(hkdfSync('sha256', secret, '', 'taskmaster audit checkpoints', 32));
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_ED25519, seed]), format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  const public_key = spki.subarray(-RAW_LENGTH).toString('hex');
  return {
    public_key,
    signed<Said extends object>(said: Said): Said & { public_key: string; signature: string } {
      const whole = { ...said, public_key };
      return { ...whole, signature: sign(null, Buffer.from(canonical(whole)), key).toString('hex') };
    },
  };
}
export type Signer = ReturnType<typeof createSigner>;

/**
 * Signs the heads that moved since the last time, into the database, the log stream and, where there is one, a file outside
 * the database: a chain rewritten as a whole no longer meets them. @returns the line, or nothing where nothing moved
 */
export async function makeCheckpoint(
  runtime: Pick<RunningRuntime<'audit'>, 'background'>,
  options: { signer: Signer; file?: string; log: Logger },
): Promise<string | undefined> {
  const { signer, file, log } = options;
  const line = await runtime.background(async (tx) => {
    const [, [last], heads] = await Promise.all([tx.query(lock, []), tx.query(lastLine, []), tx.query(moved, [])]);
    if (heads.length === 0) return undefined;
    const [now] = await tx.query(clock, []);
    if (!now) throw new Error('The database has no clock.');
    const said: Omit<Checkpoint, 'public_key' | 'signature'> = {
      at: now.at,
      previous: last ? createHash('sha256').update(last.line).digest('hex') : '',
      heads: Object.fromEntries(heads.map(({ chain, seq, hash }) => [chain, [seq, hash]])),
    };
    const text = canonical(signer.signed(said));
    tx.write(keep, [said.at, text]);
    return text;
  });
  if (line !== undefined) {
    globalThis.failpoint?.('audit.during_checkpoint');
    log.info({ checkpoint: JSON.parse(line) }, 'audit checkpoint');
  }
  if (file) await bringUpToDate(file, runtime, log);
  return line;
}
