/**
 * The audit chain, as the service writes it and anybody verifies it, in a browser or without a network.
 *
 * An entry's hash is SHA-256 over the hash before it and its stored text; the first one's is over SHA-256 of the chain's name.
 * The stored text is the event in the form of RFC 8785 (JSON Canonicalization Scheme), its payload sealed. What is extracted
 * from it for filters is no evidence: the text is.
 */

import type { AuditLine, Beginning, Break, Checkpoint, ExportSeal, Holding } from './entry.ts';

export interface Verdict {
  /** Entries whose hash was computed and found right. */
  entries: number;
  chains: { chain: string; seq: number }[];
  /** Chains that no longer begin with their first entry. */
  begins?: Beginning[];
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

/** A checkpoint, or the seal of an export. */
type Signed = Checkpoint | ExportSeal;

/**
 * Follows chains entry by entry, from where to where `holds` says; the first break is named and ends the verdict. Give it each
 * chain in ascending order.
 */
export class Verifier {
  private readonly at = new Map<string, { seq: number; hash: Uint8Array }>();
  private readonly signed = new Map<string, Map<number, string>>();
  /** When the beginnings were signed that a checkpoint proves. */
  private readonly begun = new Map<string, string>();
  /** Chains of which a later place was signed than they hold. */
  private readonly cut = new Set<string>();
  private broken: Break | undefined;
  private entries = 0;

  /** @param provesBeginnings whether every checkpoint will be given: a beginning that none of them signed is then a break */
  constructor(
    readonly holds: Holding,
    private readonly provesBeginnings: boolean,
  ) {}

  /**
   * What a checkpoint holds has to be met on the way. To be given before the entries. Only what lies ahead is remembered.
   * @param proves whether its signature is one to believe where a chain begins
   */
  expect({ at, heads }: Pick<Checkpoint, 'at' | 'heads'>, proves: boolean): void {
    for (const [chain, [seq, hash]] of Object.entries(heads)) {
      const promised = this.holds.chains[chain];
      // What was signed later has its entries later; a chain of somebody else's is not in a person's export.
      if (seq > (promised?.head[0] ?? 0)) {
        if (at < this.holds.at && (promised || this.holds.scope === 'installation')) this.cut.add(chain);
        continue;
      }
      if (!promised || seq < promised.from[0]) continue;
      if (seq > promised.from[0]) {
        const all = this.signed.get(chain) ?? new Map<number, string>();
        this.signed.set(chain, all.set(seq, hash));
      } else if (promised.from[1] !== hash) this.fail(chain, seq, 'rewritten');
      else if (proves && !this.begun.has(chain)) this.begun.set(chain, at);
    }
  }

  async add({
    chain,
    seq,
    stored,
    hash: said,
  }: Pick<AuditLine, 'chain' | 'seq' | 'stored' | 'hash'>): Promise<boolean> {
    if (this.broken) return false;
    const promised = this.holds.chains[chain];
    if (!promised || seq > promised.head[0]) return this.fail(chain, seq, 'inserted');
    const before = this.at.get(chain) ?? (await start(chain, promised.from));
    if (seq > before.seq + 1) return this.fail(chain, before.seq + 1, 'missing');
    if (seq <= before.seq) return this.fail(chain, seq, 'inserted');
    const hash = await nextHash(before.hash, stored);
    const hex = toHex(hash);
    if (hex !== said) return this.fail(chain, seq, 'changed');
    const signed = this.signed.get(chain)?.get(seq);
    if (signed !== undefined && signed !== hex) return this.fail(chain, seq, 'rewritten');
    this.at.set(chain, { seq, hash });
    this.entries++;
    return true;
  }

  fail(chain: string, seq: number, why: Break['why']): false {
    this.broken ??= { chain, seq, why };
    return false;
  }

  /** After the last entry. */
  verdict(): Verdict {
    for (const [chain, { from, head }] of Object.entries(this.holds.chains)) {
      const last = this.at.get(chain);
      const seq = last?.seq ?? from[0];
      if (seq < head[0]) this.fail(chain, seq + 1, 'cut');
      else if ((last ? toHex(last.hash) : from[1]) !== head[1]) this.fail(chain, seq, 'rewritten');
    }
    for (const chain of this.cut) this.fail(chain, (this.holds.chains[chain]?.head[0] ?? 0) + 1, 'cut');
    const begins = this.beginnings();
    if (this.provesBeginnings)
      for (const { chain, seq, signed_at } of begins) if (signed_at === undefined) this.fail(chain, seq, 'unproven');
    return {
      entries: this.entries,
      chains: Object.entries(this.holds.chains)
        .filter(([, { head }]) => head[0] > 0)
        .map(([chain, { from }]) => ({ chain, seq: this.at.get(chain)?.seq ?? from[0] })),
      ...(begins.length > 0 ? { begins } : {}),
      ...(this.broken ? { broken_at: this.broken } : {}),
    };
  }

  private beginnings(): Beginning[] {
    const late = Object.entries(this.holds.chains).filter(([, { from }]) => from[0] > 0);
    return late.map(([chain, { from }]) => {
      const signed_at = this.begun.get(chain);
      return { chain, seq: from[0], ...(signed_at === undefined ? {} : { signed_at }) };
    });
  }
}

const start = async (chain: string, [seq, hash]: Holding['chains'][string]['from']) => ({
  seq,
  hash: seq === 0 ? await hashBefore(chain) : fromHex(hash),
});

/** Whether the signature is of these words, and by the key it names. */
export async function isSigned({ signature, ...said }: Signed): Promise<boolean> {
  const key = await crypto.subtle.importKey('raw', fromHex(said.public_key), 'Ed25519', false, ['verify']);
  return crypto.subtle.verify('Ed25519', key, fromHex(signature), encoder.encode(canonical(said)));
}

/** What the line after this one names as `previous`. */
export const hashOfLine = async (line: string): Promise<string> => toHex(await sha256(encoder.encode(line)));

/** The payload of an exported entry. @throws where the key is of another entry, or the text was changed. */
export async function openPayload(line: Pick<AuditLine, 'stored' | 'key'>): Promise<unknown> {
  const { sealed } = (JSON.parse(line.stored) as { data: { payload: { sealed: string } } }).data.payload;
  if (line.key === undefined) return undefined;
  const bytes = Uint8Array.from(atob(sealed), (letter) => letter.charCodeAt(0));
  const key = await crypto.subtle.importKey('raw', fromHex(line.key), 'AES-GCM', false, ['decrypt']);
  const plain = await crypto.subtle.decrypt({ name: 'AES-GCM', iv: bytes.slice(0, 12) }, key, bytes.slice(12));
  return (JSON.parse(new TextDecoder().decode(plain)) as { payload: unknown }).payload;
}

export const toHex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
export function fromHex(text: string): Hash {
  if (!/^(?:[0-9a-f]{2})*$/.test(text)) throw new Error('Not hexadecimal.');
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
