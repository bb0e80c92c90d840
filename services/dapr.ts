import { answeredBy } from '@taskmaster/contracts/questions';
import type { ServiceName } from '@taskmaster/contracts/services';
import { createDaprAdapter } from '@taskmaster/runtime/dapr/dapr-adapter';
import { readSecret } from '@taskmaster/runtime/dapr/secrets';
import type { Config } from './config.ts';
import type { DistributedOptions } from './distributed.ts';
import { sidecarRoutes } from './http/sidecar-routes.ts';

/** By these names the services know each other on Dapr, and Kafka knows their consumer groups. */
export const appIds = {
  api: 'backend-api',
  recurring: 'recurring-task-service',
  notification: 'notification-service',
  sync: 'sync-service',
  audit: 'audit-service',
} as const satisfies Record<ServiceName, string>;

/** As in deploy/dapr. */
const components = { pubsub: 'taskbus', state: 'taskmaster-state' };
const SECRETS = { store: 'taskmaster-secrets', name: 'taskmaster-app' };

const sidecarOf = (port: number, token: string) => ({ url: `http://127.0.0.1:${port}`, token });

/** What a service reaches the others by: the sidecar beside it, which calls back on the service's own port. */
export function onDapr(config: Config): DistributedOptions['createAdapter'] {
  return ({ service, http, log, metrics }) => {
    const adapter = createDaprAdapter({
      app_id: appIds[service],
      sidecar: sidecarOf(config.DAPR_HTTP_PORT, config.DAPR_API_TOKEN ?? ''),
      app_token: config.APP_API_TOKEN ?? '',
      secret: config.BETTER_AUTH_SECRET ?? '',
      components,
      answeredBy: (question) => appIds[answeredBy[question]],
      log,
      metrics,
    });
    sidecarRoutes(http, adapter);
    return adapter;
  };
}

type Environment = Readonly<Record<string, string | undefined>>;
/** What is set goes before what the sidecar's secret store holds: there the address of the database and the secret usually are. */
export async function withSecrets(env: Environment): Promise<Environment> {
  const { DAPR_HTTP_PORT = '3500', DAPR_API_TOKEN } = env;
  if (!DAPR_API_TOKEN) return env;
  const kept = await readSecret(sidecarOf(Number(DAPR_HTTP_PORT), DAPR_API_TOKEN), SECRETS.store, SECRETS.name);
  return { ...kept, ...Object.fromEntries(Object.entries(env).filter(([, value]) => value)) };
}
