import { type Command, refuse } from './world.ts';

interface TokenPatch {
  name: string;
  scopes: string[];
  ends: string;
  expires_at: string | null;
}

/** What it is known by is none of this: it never stands in a change. */
export const createToken: Command = (draft, op) => {
  const { name, scopes, ends, expires_at } = op.patch as unknown as TokenPatch;
  if (draft.get('token', op.id)) return refuse('id_taken');
  const { at, workspace_id, user_id } = draft.moment;
  if (expires_at !== null && expires_at <= at)
    return refuse('invalid', { path: 'expires_at', message: 'Lies in the past.' });
  draft.create('token', {
    id: op.id,
    workspace_id,
    user_id,
    name: name.trim(),
    scopes: [...new Set(scopes)].sort(),
    ends,
    expires_at,
    deleted_at: null,
    created_at: at,
    updated_at: at,
    version: 0,
  });
  return undefined;
};

/** For good: a token that was taken back is never good again. */
export const deleteToken: Command = (draft, op) => {
  const token = draft.get('token', op.id);
  if (!token) return refuse('not_found');
  if (token.deleted_at === null) draft.put('token', 'deleted', { ...token, deleted_at: draft.moment.at });
  return undefined;
};
