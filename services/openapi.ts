import { serviceNames } from '@taskmaster/contracts/http/admin';
import { everyService } from '@taskmaster/contracts/services';
import { createLogger, createMetrics } from '@taskmaster/runtime/telemetry';
import { aboutRoute } from './api/routes/about.ts';
import { adminRoutes } from './api/routes/admin.ts';
import { mountApi } from './api/routes/mount.ts';
import type { Parts } from './api/routes/route.ts';
import { auditRoutes } from './audit/routes.ts';
import { backupRoutes } from './backup/routes.ts';
import { aboutRoutes, describeApi } from './http/about-service.ts';
import { deadLetterRoutes } from './http/dead-letter-routes.ts';
import { replayRoute } from './http/replay-route.ts';
import { createServer } from './http/server.ts';
import { notificationRoutes } from './notification/routes.ts';

/** The OpenAPI 3.1 of every route of every service, made without a database: the routes are described, not called. */
export async function buildOpenApi({ version = '1', backups = true } = {}): Promise<object> {
  const metrics = createMetrics();
  const http = createServer({
    service: 'api',
    log: createLogger('silent'),
    metrics,
    trustProxy: 'false',
    secure: false,
    scriptHashes: [],
  });
  describeApi(http, version);
  http.after(() => {
    mountApi({ http } as Parts & Parameters<typeof mountApi>[0]);
    auditRoutes({ http } as Parameters<typeof auditRoutes>[0]);
    for (const service of serviceNames) deadLetterRoutes({ http, service } as Parameters<typeof deadLetterRoutes>[0]);
    for (const service of everyService) replayRoute({ http, service } as Parameters<typeof replayRoute>[0]);
    adminRoutes({ http } as Parameters<typeof adminRoutes>[0]);
    if (backups) backupRoutes({ http } as Parameters<typeof backupRoutes>[0]);
    notificationRoutes({ http } as Parameters<typeof notificationRoutes>[0]);
    aboutRoute({ http } as Parameters<typeof aboutRoute>[0]);
    aboutRoutes(http, { metrics, dependencies: [], describe: () => http.swagger() });
  });
  await http.ready();
  return http.swagger();
}
