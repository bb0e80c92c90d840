import { timingSafeEqual } from 'node:crypto';
import swagger from '@fastify/swagger';
import { healthSchema, readySchema } from '@taskmaster/contracts/http/service';
import { Problem } from '@taskmaster/contracts/problems';
import type { Metrics } from '@taskmaster/runtime/telemetry';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { apiDocs } from './api-docs.ts';
import type { Http } from './server.ts';

export interface Dependency {
  name: string;
  /** Resolves to a detail worth showing, or rejects where it is down. */
  check(): Promise<string | undefined>;
}

/** Registered before every route, so that it hears of all of them. */
export function describeApi(http: Http, version: string): void {
  http.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'TaskMaster',
        version,
        description: 'Tasks, projects, tags and their devices. Errors are RFC 9457 problems.',
      },
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
          cookie: { type: 'apiKey', in: 'cookie', name: 'taskmaster.session_token' },
        },
      },
      security: [{ bearer: [] }, { cookie: [] }],
    },
    transform: jsonSchemaTransform,
    transformObject: jsonSchemaTransformObject,
  });
}

/** Alive, ready, measured, described: what every process answers about itself, whichever services it runs. */
export function aboutRoutes(
  http: Http,
  options: { metrics: Metrics; metricsToken?: string; dependencies: readonly Dependency[]; describe(): object },
): void {
  const anonymous = { security: [] as never[], tags: ['service'] };
  http.get('/health', { schema: { ...anonymous, summary: 'Alive', response: { 200: healthSchema } } }, async () => ({
    status: 'ok' as const,
  }));

  http.get(
    '/ready',
    { schema: { ...anonymous, summary: 'Each dependency by name', response: { 200: readySchema, 503: readySchema } } },
    async (_request, reply) => {
      const entries = await Promise.all(
        options.dependencies.map(async ({ name, check }) => {
          try {
            const detail = await check();
            return [name, { status: 'ok' as const, ...(detail ? { detail } : {}) }] as const;
          } catch {
            return [name, { status: 'down' as const }] as const;
          }
        }),
      );
      const down = entries.some(([, state]) => state.status === 'down');
      if (down) reply.header('retry-after', 2);
      return reply
        .code(down ? 503 : 200)
        .send({ status: down ? ('down' as const) : ('ok' as const), dependencies: Object.fromEntries(entries) });
    },
  );

  http.get('/metrics', { schema: { ...anonymous, summary: 'Prometheus metrics' } }, async (request, reply) => {
    const wanted = options.metricsToken;
    if (wanted && !sameToken(request.headers.authorization, `Bearer ${wanted}`)) throw new Problem('unauthenticated');
    return reply.type(options.metrics.registry.contentType).send(await options.metrics.registry.metrics());
  });

  apiDocs(http, options.describe);
  http.get('/api/openapi.json', { schema: { ...anonymous, summary: 'This description' } }, async () =>
    options.describe(),
  );
}

function sameToken(given: string | undefined, wanted: string): boolean {
  const [a, b] = [Buffer.from(given ?? ''), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}
