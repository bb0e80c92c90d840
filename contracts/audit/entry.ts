import { z } from 'zod';
import { uuid } from '../fields.ts';

/** A line of an export: one entry of a chain, with what is needed to verify it. */
export const auditLineSchema = z.strictObject({
  chain: z.string(),
  seq: z.int().positive(),
  hash: z.string(),
  stored: z.string(),
  /** Of the entry before, where an export does not begin with the first. */
  previous: z.string().optional(),
  /** Opens the payload of this entry alone; none where its person was erased. */
  key: z.string().optional(),
});
export type AuditLine = z.infer<typeof auditLineSchema>;

/** Signed heads of the chains that moved since the checkpoint before. */
export const checkpointSchema = z.strictObject({
  at: z.string(),
  /** SHA-256 of the line before; empty in the first. */
  previous: z.string(),
  heads: z.record(z.string(), z.tuple([z.int().positive(), z.string()])),
  public_key: z.string(),
  signature: z.string(),
});
export type Checkpoint = z.infer<typeof checkpointSchema>;

export const breakSchema = z.object({
  chain: z.string(),
  seq: z.int(),
  why: z.enum(['changed', 'missing', 'inserted', 'cut', 'rewritten', 'columns', 'signature']),
});
export type Break = z.infer<typeof breakSchema>;

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
