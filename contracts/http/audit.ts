import { z } from 'zod';
import { auditEntrySchema, beginningSchema, breakSchema } from '../audit/entry.ts';
import { date, instant, uuid } from '../fields.ts';

const moment = z.union([instant, date]);

/** What may be asked of the audit log. Of what is not the caller's to see there are no items. */
export const auditQuery = z.strictObject({
  user_id: uuid.optional(),
  task_id: uuid.optional(),
  event_type: z
    .string()
    .max(100)
    .refine((text) => !text.includes('\0'), 'Holds control characters.')
    .optional(),
  /** Included. A date begins at midnight UTC. */
  start_date: moment.optional(),
  /** Not included. */
  end_date: moment.optional(),
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .default(50)
    .transform((limit) => Math.min(limit, 200)),
  offset: z.coerce.number().int().min(0).max(100_000).default(0),
});
export type AuditQuery = z.infer<typeof auditQuery>;

export const auditListSchema = z
  .object({ items: z.array(auditEntrySchema), next_cursor: z.null() })
  .meta({ id: 'AuditList' });

export const auditVerdictSchema = z
  .object({
    intact_to: z.int(),
    chains: z.array(z.object({ chain: z.string(), seq: z.int() })),
    /** Chains that no longer begin with their first entry. */
    begins: z.array(beginningSchema).optional(),
    broken_at: breakSchema.optional(),
    /** With which exports and checkpoints are signed: kept elsewhere, it shows whether they still are. */
    public_key: z.string(),
  })
  .meta({ id: 'AuditVerdict' });
