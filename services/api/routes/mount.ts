import { z } from 'zod';
import type { Http } from '../../http/server.ts';
import type { ApiTokens } from '../auth/api-tokens.ts';
import type { Tickets } from '../auth/tokens.ts';
import { meRoutes } from './me.ts';
import { organisingRoutes } from './organising.ts';
import { quickRoutes } from './quick.ts';
import { syncRoutes } from './sync.ts';
import { taskRoutes } from './tasks.ts';
import { tokenRoutes } from './tokens.ts';

/** Every route of the API but Better Auth's own. What is not valid is refused by `enter`, after it knows who calls. */
export function mountApi(
  parts: Parameters<typeof meRoutes>[0] & { tickets: Tickets; apiTokens: ApiTokens; public_url?: string },
): void {
  parts.http.register(async (scope) => {
    scope.addHook('onRoute', (route) => {
      route.attachValidation = true;
      // What a route takes no parameters for is a mistake of the caller's, not to be passed over.
      if (route.schema && !route.schema.querystring) route.schema.querystring = z.strictObject({});
    });
    const scoped = { ...parts, http: scope as unknown as Http };
    taskRoutes(scoped);
    quickRoutes(scoped);
    organisingRoutes(scoped);
    meRoutes(scoped);
    syncRoutes(scoped);
    tokenRoutes(scoped);
  });
}
