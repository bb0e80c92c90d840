import { z } from 'zod';

/** The password is asked for again: a session that was left open must not be enough. */
export const closeMeSchema = z.strictObject({ password: z.string().max(256) }).meta({ id: 'CloseMe' });
export const closedSchema = z.object({ erased_at: z.string() }).meta({ id: 'Closed' });
