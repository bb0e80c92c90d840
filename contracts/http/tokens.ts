import { z } from 'zod';
import { instant, name, uuid } from '../fields.ts';
import { scopes } from '../scopes.ts';

export const tokenSchema = z
  .object({
    id: uuid,
    name: z.string(),
    scopes: z.array(z.enum(scopes)),
    /** The last four characters, to tell it from the others. */
    ends: z.string(),
    expires_at: z.string().nullable(),
    last_used_at: z.string().nullable(),
    created_at: z.string(),
  })
  .meta({ id: 'Token' });
export type TokenAnswer = z.infer<typeof tokenSchema>;
export const tokenListSchema = z
  .object({ items: z.array(tokenSchema), next_cursor: z.null() })
  .meta({ id: 'TokenList' });
/** The only time that the token itself is shown. A repeated request is answered without it. */
export const newTokenSchema = tokenSchema.extend({ token: z.string().optional() }).meta({ id: 'NewToken' });
export const createTokenSchema = z
  .strictObject({
    name,
    scopes: z.array(z.enum(scopes)).min(1, 'At least one.').max(scopes.length),
    expires_at: instant.nullable().optional(),
  })
  .meta({ id: 'CreateToken' });
