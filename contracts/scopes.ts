/** What a token may be allowed: each scope is methods on routes; nothing else is open to a token but `GET /api/me`. */
export const scopes = [
  'tasks:read',
  'tasks:write',
  'projects:read',
  'projects:write',
  'notifications:read',
  'notifications:write',
  'audit:read',
  'sync',
] as const;
export type Scope = (typeof scopes)[number];
