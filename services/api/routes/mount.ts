import type { Tickets } from '../auth/tokens.ts';
import { organisingRoutes } from './organising.ts';
import { quickRoutes } from './quick.ts';
import type { Parts } from './route.ts';
import { syncRoutes } from './sync.ts';
import { taskRoutes } from './tasks.ts';

/** Every route of the API but Better Auth's own. */
export function mountApi(parts: Parts & { tickets: Tickets; public_url?: string }): void {
  taskRoutes(parts);
  quickRoutes(parts);
  organisingRoutes(parts);
  syncRoutes(parts);
}
