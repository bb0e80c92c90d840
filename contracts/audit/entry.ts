import { z } from 'zod';
import { uuid } from '../fields.ts';

/** A place in a chain: its number, and the hash there in hexadecimal. */
type Place = [seq: number, hash: string];

/**
 * The first line of an export: which chains it holds, from where to where, signed. What retention has taken away lies before
 * `from`, at whose place a checkpoint was; `[0, '']` where the chain is whole. A chain of its reader that has nothing has both
 * ends there: should a checkpoint have signed a head of it, it is missing.
 */
export interface ExportSeal {
  at: string;
  scope: 'installation' | 'person';
  chains: Record<string, { from: Place; head: Place }>;
  public_key: string;
  signature: string;
}
/** What it says without its signature: which entries there have to be. */
export type Holding = Omit<ExportSeal, 'public_key' | 'signature'>;

/** Every other line of an export: one entry of a chain, with what is needed to verify it. */
export interface AuditLine {
  chain: string;
  seq: number;
  hash: string;
  stored: string;
  /** Opens the payload of this entry alone; none where its person was erased. */
  key?: string;
}

/** Signed heads of the chains that moved since the checkpoint before. */
export interface Checkpoint {
  at: string;
  /** SHA-256 of the line before; empty in the first. */
  previous: string;
  heads: Record<string, Place>;
  public_key: string;
  signature: string;
}

export const breakSchema = z.object({
  chain: z.string(),
  seq: z.int(),
  why: z.enum([
    'changed',
    'missing',
    'inserted',
    'cut',
    'rewritten',
    'columns',
    'signature',
    'unsealed',
    'unproven',
    'key',
  ]),
});
export type Break = z.infer<typeof breakSchema>;

/** A chain that begins behind this place: what was before is gone. */
export const beginningSchema = z.object({
  chain: z.string(),
  seq: z.int(),
  /** When a checkpoint signed the place; without, nobody has shown that one did. */
  signed_at: z.string().optional(),
});
export type Beginning = z.infer<typeof beginningSchema>;

/** What the service shows of an entry. */
export const auditEntrySchema = z
  .object({
    id: uuid,
    event_id: uuid,
    timestamp: z.string(),
    chain: z.string(),
    seq: z.int(),
    user_id: uuid.nullable(),
    actor: z.object({ kind: z.string(), id: z.string() }),
    event_type: z.string(),
    task_id: uuid.nullable(),
    resource_type: z.string(),
    resource_id: z.string(),
    action: z.string(),
    /** Null where its person was erased. */
    payload: z.unknown(),
    correlation_id: z.string().nullable(),
    sequence: z.int().nullable(),
    hash: z.string(),
    /** Through what it came: `sync` is a device, `rest` a program, else a service of the house. */
    via: z.string(),
    /** The event that brought it about. */
    causation_id: z.string().nullable(),
    /** Entries of one act have the same. */
    idempotency_key: z.string(),
    /** From where, of acts that are no change. */
    ip: z.string().nullable(),
    user_agent: z.string().nullable(),
  })
  .meta({ id: 'AuditEntry' });
export type AuditEntry = z.infer<typeof auditEntrySchema>;
