import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Http } from '@taskmaster/services/http/server';

/** As far as it is read here. */
export interface Schema {
  $ref?: string;
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  pattern?: string;
  format?: string;
  minLength?: number;
  minimum?: number;
  minItems?: number;
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
}
interface Described {
  parameters?: { name: string; in: 'path' | 'query' | 'header'; required?: boolean; schema: Schema }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
  responses: Record<string, { content?: Record<string, { schema: Schema }> }>;
  security?: unknown[];
}
export interface OpenApi {
  paths: Record<string, Record<string, Described>>;
  components: { schemas: Record<string, Schema> };
}

/** One method of one address, with what the document says of it; an alias has what is said of the form it stands for. */
export interface Operation {
  name: string;
  method: string;
  /** With `{id}` where an id stands. */
  path: string;
  query: { name: string; required: boolean; schema: Schema }[];
  body: Schema | undefined;
  responses: Described['responses'];
  /** Nobody need sign in. */
  open: boolean;
  isAlias: boolean;
}

/** What the router has beside the document and its aliases: looked at by tests of its own, named here one by one. */
const ELSEWHERE = new Set([
  'GET *',
  'POST *',
  'GET /*',
  'POST /*',
  'GET /api/docs',
  'GET /ws/tasks',
  'GET /api/unsubscribe',
  'POST /api/unsubscribe',
]);

export const documentOf = (http: Http): OpenApi => http.swagger() as unknown as OpenApi;

/**
 * Every operation that the router answers. Made from the router, not from the document: what is hidden there counts as well.
 * @throws with its name where a route is neither described, nor an alias, nor looked at elsewhere
 */
export function operationsOf(http: Http): Operation[] {
  const document = documentOf(http);
  const described = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, of]) => operation(method.toUpperCase(), path, of, false)),
  );
  const byName = new Map(described.map((one) => [one.name, one]));
  const aliases = routesOf(http)
    .filter((name) => !byName.has(name) && !ELSEWHERE.has(name) && !isOfThePage(name))
    .map((name): Operation => {
      const [method = '', path = ''] = name.split(' ');
      const of = meantBy(method, path).flatMap((meant) => byName.get(meant) ?? [])[0];
      if (!path.startsWith('/api/{user_id}/') || !of) throw new Error(`A route that nothing here knows: ${name}`);
      return { ...of, name, method, path, isAlias: true };
    });
  return [...described, ...aliases];
}

/** Where the page is built its files are routes too: the same for everybody. */
const page = join(import.meta.dirname, '../../web/out');
const isOfThePage = (name: string): boolean =>
  !/^GET \/(?:api|ws)\//.test(name) && name.startsWith('GET /') && existsSync(join(page, name.slice(5)));

function operation(method: string, path: string, of: Described, isAlias: boolean): Operation {
  const query = (of.parameters ?? []).filter((one) => one.in === 'query');
  return {
    name: `${method} ${path}`,
    method,
    path,
    query: query.map(({ name, required = false, schema }) => ({ name, required, schema })),
    body: of.requestBody?.content['application/json']?.schema,
    responses: of.responses,
    open: of.security?.length === 0,
    isAlias,
  };
}

/** The described forms that an alias may stand for. */
function meantBy(method: string, path: string): string[] {
  const own = path.replace('/{user_id}', '').replace('/tasks/search', '/tasks').replace('audit_logs', 'audit-logs');
  return [`${method} ${own}`, `POST ${own}`];
}

/** Every method and path that the router knows, but HEAD: that goes with GET. */
export function routesOf(http: Http): string[] {
  const above: string[] = [];
  return http
    .printRoutes({ commonPrefix: false })
    .split('\n')
    .flatMap((line) => {
      const [, indent = '', part = '', methods = ''] = /^([│ ]*)[├└]── (\S+) \(([^)]*)\)/.exec(line) ?? [];
      if (!part) return [];
      const depth = indent.length / 4;
      above.splice(depth, above.length, part);
      const path = above.join('').replaceAll(/:(\w+)/g, '{$1}');
      return methods.split(', ').flatMap((method) => (method === 'HEAD' ? [] : [`${method} ${path}`]));
    });
}
