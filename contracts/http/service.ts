import { z } from 'zod';

/** What every service answers about itself, and how a device gets onto the socket. */
export const healthSchema = z.object({ status: z.literal('ok') }).meta({ id: 'Health' });
export const readySchema = z
  .object({
    status: z.enum(['ok', 'down']),
    dependencies: z.record(z.string(), z.object({ status: z.enum(['ok', 'down']), detail: z.string().optional() })),
  })
  .meta({ id: 'Ready' });
/** What this place tells anybody: whether it has an account yet (the first runs it), and who may make one. */
export const aboutSchema = z
  .object({ has_accounts: z.boolean(), sign_up: z.enum(['open', 'closed']) })
  .meta({ id: 'About' });
export type About = z.infer<typeof aboutSchema>;
export const ticketSchema = z
  .object({ ticket: z.string(), url: z.string(), expires_at: z.string() })
  .meta({ id: 'SyncTicket' });
