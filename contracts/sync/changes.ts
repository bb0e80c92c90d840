import { z } from 'zod';
import { sequence, uuid } from '../fields.ts';

export const actorSchema = z.object({ kind: z.enum(['user', 'token', 'agent', 'system']), id: z.string() });

/** One change as a device gets it. Sets are applied whole; creation and restore carry the whole row in register form. */
export const syncChangeSchema = z
  .object({
    seq: sequence,
    set_id: uuid,
    set_index: z.int(),
    set_size: z.int(),
    act_id: uuid,
    op: uuid,
    client_id: uuid.nullable(),
    actor: actorSchema,
    entity: z.enum(['task', 'project', 'tag', 'reminder', 'token', 'user', 'workspace']),
    entity_id: uuid,
    kind: z.string(),
    patch: z.record(z.string(), z.unknown()),
    at: z.string(),
  })
  .meta({ id: 'SyncChange' });

const mineSchema = z.object({ op: uuid, status: z.enum(['ok', 'rejected']), seq: sequence });

export const changesAnswerSchema = z
  .object({
    from: sequence,
    to: sequence,
    head: sequence,
    epoch: uuid,
    events: z.array(syncChangeSchema),
    mine: z.array(mineSchema),
  })
  .meta({ id: 'SyncChanges' });

/** The lines of a snapshot (NDJSON): begin, then rows and mine, then end; without its end it is cut. */
export const snapshotLineSchema = z
  .union([
    z.object({ begin: z.object({ seq: sequence, op: uuid.nullable(), epoch: uuid, schema: z.int() }) }),
    z.object({ row: z.object({ entity: z.string() }).catchall(z.unknown()) }),
    z.object({ mine: z.array(mineSchema) }),
    z.object({ end: z.object({ seq: sequence, count: z.int() }) }),
  ])
  .meta({ id: 'SnapshotLine' });

export type SyncChange = z.infer<typeof syncChangeSchema>;
export type ChangesAnswer = z.infer<typeof changesAnswerSchema>;
export type SnapshotLine = z.infer<typeof snapshotLineSchema>;
export type Mine = z.infer<typeof mineSchema>;
export type Actor = z.infer<typeof actorSchema>;
