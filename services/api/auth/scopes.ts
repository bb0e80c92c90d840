import type { Scope } from '@taskmaster/contracts/scopes';

const READ = ['GET'];
const WRITE = ['POST', 'PATCH', 'DELETE'];
const own = '/api(?:/:user_id)?';

/** Which methods on which routes, as they are declared, each scope opens. */
const opened: readonly (readonly [Scope | 'any', readonly string[], RegExp])[] = [
  ['any', READ, /^\/api\/me$/],
  ['tasks:read', READ, new RegExp(`^${own}/tasks(?:/|$)`)],
  ['tasks:read', ['POST'], /^\/api\/(?:tasks\/quick\/parse|recurrence\/preview)$/],
  ['tasks:write', WRITE, new RegExp(`^${own}/tasks(?:/|$)`)],
  ['projects:read', READ, /^\/api\/(?:projects|tags)(?:\/|$)/],
  ['projects:read', READ, /^\/api\/workspaces$/],
  ['projects:write', WRITE, /^\/api\/(?:projects|tags)(?:\/|$)/],
  ['notifications:read', READ, new RegExp(`^(?:${own}/notifications|/api/reminders$)`)],
  ['notifications:write', WRITE, new RegExp(`^${own}/notifications`)],
  ['audit:read', READ, /^\/api\/(?:audit-logs(?:\/|$)|:user_id\/audit_logs$)/],
  ['sync', [...READ, 'POST'], /^\/api\/(?:sync\/ticket|workspaces\/:id\/(?:snapshot|changes|ops))$/],
  ['sync', READ, /^\/ws\/tasks$/],
];

/** Whether a token with these scopes may send this method to this route. What no scope names is open to none. */
export const isOpen = (scopes: readonly string[], method: string, route: string): boolean =>
  opened.some(
    ([scope, methods, pattern]) =>
      (scope === 'any' || scopes.includes(scope)) &&
      methods.includes(method === 'HEAD' ? 'GET' : method) &&
      pattern.test(route),
  );
