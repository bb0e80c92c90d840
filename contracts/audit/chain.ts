/**
 * The audit chain, as the service writes it and anybody verifies it, in a browser or without a network.
 *
 * An entry's hash is SHA-256 over the hash before it and its stored text; the first one's is over SHA-256 of the chain's name.
 * The stored text is the event in the form of RFC 8785 (JSON Canonicalization Scheme), its payload sealed. What is extracted
 * from it for filters is no evidence: the text is.
 */

import type { AuditLine, Break, Checkpoint } from './entry.ts';

export interface Verdict {
  /** Entries whose hash was computed and found right. */
  entries: number;
  chains: { chain: string; seq: number }[];
  broken_at?: Break;
}

export const chainOfWorkspace = (id: string): string => `workspace:${id}`;
export const chainOfUser = (id: string): string => `user:${id}`;
/** Acts of nobody known: failed sign-ins, and what the installation itself does. */
export const INSTALLATION_CHAIN = 'installation';

/** RFC 8785: members sorted by UTF-16 code units, numbers and strings as ECMAScript writes them. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((one) => canonical(one ?? null)).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).filter(([, of]) => of !== undefined);
  members.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${members.map(([name, of]) => `${JSON.stringify(name)}:${canonical(of)}`).join(',')}}`;
}

type Hash = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();
const sha256 = async (bytes: Hash): Promise<Hash> => new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));

export const hashBefore = (chain: string): Promise<Hash> => sha256(encoder.encode(chain));

export async function nextHash(previous: Uint8Array, stored: string): Promise<Hash> {
  const text = encoder.encode(stored);
  const bytes = new Uint8Array(previous.length + text.length);
  bytes.set(previous);
  bytes.set(text, previous.length);
  return sha256(bytes);
}

/** Follows chains entry by entry; the first break is named and ends the verdict. Give it each chain in ascending order. */
export class Verifier {
  private readonly at = new Map<string, { seq: number; hash: Uint8Array; first: number }>();
  private readonly signed = new Map<string, Map<number, string>>();
  private broken: Break | undefined;
  private entries = 0;

  /** What a checkpoint holds has to be met on the way. To be given before the entries. */
  expect(checkpoint: Pick<Checkpoint, 'heads'>): void {
    for (const [chain, [seq, hash]] of Object.entries(checkpoint.heads)) {
      const heads = this.signed.get(chain) ?? new Map();
      this.signed.set(chain, heads.set(seq, hash));
    }
  }

  async add(line: AuditLine): Promise<boolean> {
    if (this.broken) return false;
    const { chain, seq } = line;
    const before = this.at.get(chain) ?? {
      seq: line.previous === undefined ? 0 : seq - 1,
      hash: line.previous === undefined ? await hashBefore(chain) : fromHex(line.previous),
      first: seq,
    };
    if (seq > before.seq + 1) return this.fail(chain, before.seq + 1, 'missing');
    if (seq <= before.seq) return this.fail(chain, seq, 'inserted');
    const hash = await nextHash(before.hash, line.stored);
    const hex = toHex(hash);
    if (hex !== line.hash) return this.fail(chain, seq, 'changed');
    const signed = this.signed.get(chain)?.get(seq);
    if (signed !== undefined && signed !== hex) return this.fail(chain, seq, 'rewritten');
    this.at.set(chain, { seq, hash, first: before.first });
    this.entries++;
    return true;
  }

  fail(chain: string, seq: number, why: Break['why']): false {
    this.broken ??= { chain, seq, why };
    return false;
  }

  /** `whole`: chains of which every entry up to now was to be seen; an entry that a checkpoint signed must not be missing. */
  verdict(whole: boolean): Verdict {
    if (whole && !this.broken) {
      for (const [chain, heads] of this.signed) {
        const last = this.at.get(chain)?.seq;
        if (last !== undefined && Math.max(...heads.keys()) > last) this.fail(chain, last + 1, 'cut');
      }
    }
    return {
      entries: this.entries,
      chains: [...this.at].map(([chain, { seq }]) => ({ chain, seq })),
      ...(this.broken ? { broken_at: this.broken } : {}),
    };
  }
}

/** Whether the signature is of these words, and by the key it names. */
export async function isSigned(checkpoint: Checkpoint): Promise<boolean> {
  const { signature, ...signed } = checkpoint;
  const key = await crypto.subtle.importKey('raw', fromHex(checkpoint.public_key), 'Ed25519', false, ['verify']);
  return crypto.subtle.verify('Ed25519', key, fromHex(signature), encoder.encode(canonical(signed)));
}

/** The payload of an exported entry. @throws where the key is of another entry, or the text was changed. */
export async function openPayload(line: Pick<AuditLine, 'stored' | 'key'>): Promise<unknown> {
  const { sealed } = (JSON.parse(line.stored) as { data: { payload: { sealed: string } } }).data.payload;
  if (line.key === undefined) return undefined;
  const bytes = fromHex(sealed);
  const key = await crypto.subtle.importKey('raw', fromHex(line.key), 'AES-GCM', false, ['decrypt']);
  const plain = await crypto.subtle.decrypt({ name: 'AES-GCM', iv: bytes.slice(0, 12) }, key, bytes.slice(12));
  return JSON.parse(new TextDecoder().decode(plain));
}

export const toHex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
export function fromHex(text: string): Hash {
  if (!/^(?:[0-9a-f]{2})*$/.test(text)) throw new Error('Not hexadecimal.');
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
