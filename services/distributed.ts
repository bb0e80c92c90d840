import type { ServiceName } from '@taskmaster/contracts/services';
import { awaitMigrations, migrate } from '@taskmaster/db/migrate';
import { openDatabase } from '@taskmaster/db/server/start';
import type { Adapter } from '@taskmaster/runtime/runtime';
import { createLogger } from '@taskmaster/runtime/telemetry';
import type { Config } from './config.ts';
import { holdBesideOthers } from './hold-alone.ts';
import { buildOpenApi } from './openapi.ts';
import type { Running } from './single.ts';
import { type Around, startServices } from './start-services.ts';

export interface DistributedOptions {
  version: string;
  progress(text: string): void;
  /** How this service reaches the others. */
  createAdapter(around: Around & { service: ServiceName }): Adapter;
}

/**
 * One service alone, on its own port, beside others that run elsewhere: on a database that all of them share. api brings it up to
 * date; the others wait until it is as new as they are.
 */
export async function startDistributed(config: Config, options: DistributedOptions): Promise<Running> {
  const { version, progress } = options;
  const { SERVICE: service, DATABASE_URL: database_url, BETTER_AUTH_SECRET: secret } = config;
  if (!service || !database_url || !secret) throw new Error('readConfig demands these where MODE is distributed.');
  const log = createLogger(config.LOG_LEVEL);
  const { connection, ...database } = await openDatabase({
    database_url,
    data_dir: config.DATA_DIR,
    allow_unsafe: config.ALLOW_UNSAFE_DATABASE,
    log: ({ level, msg, ...fields }) => log[level](fields, msg),
    progress,
  });
  const held = await holdBesideOthers(connection, log);
  if (service === 'api') {
    const { applied } = await migrate(connection);
    if (applied.length > 0) log.info({ applied }, 'database brought up to date');
  } else {
    await awaitMigrations(connection, (missing) => {
      progress(`Waiting for api to bring the database up to date: ${missing.length} migrations`);
      log.info({ missing }, 'waiting for api to bring the database up to date');
    });
  }
  const described = service === 'api' ? await buildOpenApi({ version, backups: false }) : undefined;
  const services = await startServices({
    names: [service],
    instances: 'several',
    createAdapter: (around) => options.createAdapter({ ...around, service }),
    connection,
    config,
    log,
    secret,
    version,
    address: config.PUBLIC_URL ?? `http://${config.HOST}:${config.PORT}`,
    database: `PostgreSQL ${database.version}, ${database.kind}`,
    ...(described ? { describe: () => described } : {}),
  });
  try {
    const address = await services.http.listen({ host: config.HOST, port: config.PORT });
    const first = service === 'api' ? await services.api.firstAccountPath() : undefined;
    const url = config.PUBLIC_URL ?? address;
    log.info({ service, url: address, version }, 'ready');
    return {
      url: address,
      ...(first ? { firstAccountUrl: url + first } : {}),
      broken: held.lost,
      async stop() {
        await services.stop();
        await held.release();
      },
    };
  } catch (error) {
    await services.stop();
    await held.release();
    throw error;
  }
}
