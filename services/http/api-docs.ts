import type { Http } from './server.ts';

interface Operation {
  summary?: string;
  tags?: string[];
  parameters?: { name: string; in: string; required?: boolean; schema?: Schema }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
  responses: Record<string, { content?: Record<string, { schema: Schema }> }>;
}
interface Schema {
  $ref?: string;
  type?: string | string[];
  enum?: unknown[];
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  const?: unknown;
}
interface Description {
  info: { title: string; version: string; description: string };
  paths: Record<string, Record<string, Operation>>;
  components?: { schemas?: Record<string, Schema> };
}

/** `/api/docs`: the description of the API as one page to read. No script, so the strictest policy holds. */
export function apiDocs(http: Http, describe: () => object): void {
  http.get('/api/docs', { schema: { hide: true } }, async (_request, reply) =>
    reply.type('text/html; charset=utf-8').send(page(describe() as Description)),
  );
}

function page({ info, paths, components }: Description): string {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), ...operation })),
  );
  const tags = [...new Set(operations.map((operation) => operation.tags?.[0] ?? 'other'))];
  const sections = tags.map((tag) => {
    const of = operations.filter((operation) => (operation.tags?.[0] ?? 'other') === tag);
    return `<h2 id="${escaped(tag)}">${escaped(tag)}</h2>${of.map(article).join('')}`;
  });
  const schemas = Object.entries(components?.schemas ?? {}).map(
    ([name, schema]) => `<h3 id="schema-${escaped(name)}">${escaped(name)}</h3>${fields(schema)}`,
  );
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escaped(info.title)} API</title><style>${style}</style></head><body>
<h1>${escaped(info.title)} API</h1><p>${escaped(info.description)} Machine-readable: <a href="/api/openapi.json">openapi.json</a>.</p>
<nav aria-label="Sections">${[...tags, 'shapes'].map((tag) => `<a href="#${escaped(tag)}">${escaped(tag)}</a>`).join(' · ')}</nav>
<main>${sections.join('')}<h2 id="shapes">shapes</h2>${schemas.join('')}</main></body></html>`;
}

function article({
  path,
  method,
  summary,
  parameters,
  requestBody,
  responses,
}: Operation & { path: string; method: string }): string {
  const body = Object.values(requestBody?.content ?? {})[0]?.schema;
  const answers = Object.entries(responses).map(([status, { content }]) => {
    const schema = Object.values(content ?? {})[0]?.schema;
    return `<li><code>${escaped(status)}</code> ${schema ? typeOf(schema) : ''}</li>`;
  });
  return `<article><h3><code>${method} ${escaped(path)}</code></h3><p>${escaped(summary ?? '')}</p>
${parameters?.length ? `<ul>${parameters.map((one) => `<li><code>${escaped(one.name)}</code> in ${escaped(one.in)}${one.required ? ', required' : ''}: ${typeOf(one.schema ?? {})}</li>`).join('')}</ul>` : ''}
${body ? `<p>Body: ${typeOf(body)}</p>${body.$ref ? '' : fields(body)}` : ''}<p>Answers</p><ul>${answers.join('')}</ul></article>`;
}

function fields(schema: Schema): string {
  const rows = Object.entries(schema.properties ?? {}).map(
    ([name, of]) =>
      `<tr><td><code>${escaped(name)}</code></td><td>${typeOf(of)}</td><td>${schema.required?.includes(name) ? 'required' : ''}</td></tr>`,
  );
  return rows.length > 0 ? `<table>${rows.join('')}</table>` : '';
}

function typeOf(schema: Schema): string {
  if (schema.$ref) {
    const name = schema.$ref.split('/').at(-1) ?? '';
    return `<a href="#schema-${escaped(name)}">${escaped(name)}</a>`;
  }
  if (schema.enum) return schema.enum.map((value) => `<code>${escaped(String(value))}</code>`).join(' | ');
  if (schema.const !== undefined) return `<code>${escaped(String(schema.const))}</code>`;
  const either = schema.anyOf ?? schema.oneOf;
  if (either) return either.map(typeOf).join(' or ');
  if (schema.items) return `list of ${typeOf(schema.items)}`;
  return escaped([schema.type ?? 'anything'].flat().join(' or '));
}

const escaped = (text: string): string => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

const style = `:root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
h2{margin-top:3rem;text-transform:capitalize}article{border-top:1px solid color-mix(in srgb,currentColor 20%,transparent);padding:.5rem 0}
h3{margin:.6rem 0 .2rem}ul{margin:.2rem 0}table{border-spacing:1rem .1rem}td{vertical-align:top}`;
