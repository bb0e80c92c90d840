import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import type { Runtime, Tx } from '@taskmaster/runtime/runtime';
import { statementsOf } from '@taskmaster/runtime/statement';
import { LRUCache } from 'lru-cache';

const say = statementsOf('audit');
const keyOf = say<{ key: Buffer | null; committed: boolean }>(
  'person_key',
  `select key, xmin::text is distinct from pg_current_xact_id_if_assigned()::xid::text as committed
   from audit.person_key where user_id = $1`,
);
const makeKey = say(
  'make_person_key',
  'insert into audit.person_key (user_id, key) values ($1, $2) on conflict do nothing',
);
/** Its place stays, so that no new one is ever made. */
const destroyKey = say(
  'destroy_person_key',
  'insert into audit.person_key (user_id, key) values ($1, null) on conflict (user_id) do update set key = null',
);
const keysOf = say<{ user_id: string; key: Buffer }>(
  'person_keys',
  'select user_id, key from audit.person_key where user_id = any($1::uuid[]) and key is not null',
);

/** One entry's key, of its person's: whoever is given it opens that entry alone. */
export const entryKey = (personKey: Buffer, eventId: string): Buffer =>
  createHmac('sha256', personKey).update(eventId).digest();

/** AES-256-GCM, as Base64: nonce, text, tag. */
export function seal(key: Buffer, said: Sealed): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  const text = Buffer.concat([cipher.update(JSON.stringify(said)), cipher.final()]);
  return Buffer.concat([nonce, text, cipher.getAuthTag()]).toString('base64');
}

/** What an entry says for its person alone: what happened, and where from. */
export interface Sealed {
  payload: unknown;
  ip?: string;
  user_agent?: string;
}

/** @throws where the key is another's, or the text was changed. */
export function open(key: Buffer, sealed: string): Sealed {
  const bytes = Buffer.from(sealed, 'base64');
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12));
  decipher.setAuthTag(bytes.subarray(-16));
  return JSON.parse(Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]).toString());
}

/** The keys of people, each made when the first thing about them is witnessed. */
export function createKeys(transact: Runtime<'audit'>['transact']) {
  const known = new LRUCache<string, Buffer>({ max: 5_000, ttl: 60_000 });
  return {
    /** In the transaction of the entry: both are kept, or neither. Remembered only once it is committed. */
    async of(userId: string, tx: Tx<'audit'>): Promise<Buffer> {
      const cached = known.get(userId);
      if (cached) return cached;
      let [row] = await tx.query(keyOf, [userId]);
      if (!row) {
        tx.write(makeKey, [userId, randomBytes(32)]);
        [row] = await tx.query(keyOf, [userId]);
      }
      if (!row) throw new Error('A key just made is not there.');
      // Of whoever was erased nothing can be read, not even what comes after.
      if (row.key === null) return randomBytes(32);
      if (row.committed) known.set(userId, row.key);
      return row.key;
    },
    /** What is sealed for this person stays so, for everybody and for ever. */
    destroy(userId: string, tx: Tx<'audit'>): void {
      tx.write(destroyKey, [userId]);
      known.delete(userId);
    },
    /** Of those who were not erased. */
    async read(userIds: readonly string[]): Promise<Map<string, Buffer>> {
      const rows = await transact((tx) => tx.query(keysOf, [userIds]), { readOnly: true });
      return new Map(rows.map((row) => [row.user_id, row.key]));
    },
  };
}
export type Keys = ReturnType<typeof createKeys>;
