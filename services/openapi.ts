import { createLogger, createMetrics } from '@taskmaster/runtime/telemetry';
import { mountApi } from './api/routes/mount.ts';
import type { Parts } from './api/routes/route.ts';
import { aboutRoutes, describeApi } from './http/about-service.ts';
import { createServer } from './http/server.ts';

/** The OpenAPI 3.1 of every route, made without a database: the routes are described, not called. */
export async function buildOpenApi(): Promise<object> {
  const metrics = createMetrics();
  const http = createServer({
    log: createLogger('silent'),
    metrics,
    trustProxy: 'false',
    secure: false,
    scriptHashes: [],
  });
  describeApi(http, '1');
  http.after(() => {
    mountApi({ http } as Parts & Parameters<typeof mountApi>[0]);
    aboutRoutes(http, {
      metrics,
      dependencies: [],
      about: async () => ({ has_accounts: false, sign_up: 'closed' }),
    });
  });
  await http.ready();
  return http.swagger();
}
