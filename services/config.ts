import { everyService, ports } from '@taskmaster/contracts/services';
import { z } from 'zod';

/** Every setting there is, with what it may be. The README shows the same table. */
const text = z.string().trim();
const switchOf = z.enum(['true', 'false'], 'must be true or false').transform((value) => value === 'true');
const schema = z.object({
  MODE: z.enum(['single', 'distributed'], 'must be single or distributed').default('single'),
  SERVICE: z.enum(everyService, `must be one of ${everyService.join(', ')}`).optional(),
  HOST: text.min(1).default('127.0.0.1'),
  PORT: z.coerce.number('must be a port number').int().min(0).max(65_535).optional(),
  DATA_DIR: text.min(1).default('./data'),
  DATABASE_URL: text.regex(/^postgres(ql)?:\/\//, 'must begin with postgres:// or postgresql://').optional(),
  PUBLIC_URL: z
    .url({ protocol: /^https?$/, error: 'must be an http or https address' })
    .refine((url) => /^\/*$/.test(new URL(url).pathname) && !/[?#]/.test(url), 'must be an address without a path')
    .transform((url) => new URL(url).origin)
    .optional(),
  BETTER_AUTH_SECRET: text.min(32, 'must have at least 32 characters').optional(),
  SIGN_UP: z.enum(['open', 'closed'], 'must be open or closed').optional(),
  RATE_LIMIT: text
    .regex(/^(off|[1-9]\d{0,5}\/s,[1-9]\d{0,5})$/, 'must be off, or like 50/s,200 (a rate and a burst, each from 1)')
    .default('50/s,200'),
  BACKUP_KEEP: z.coerce.number('must be a number').int().min(0).max(1000).default(7),
  AUDIT_RETENTION_DAYS: z.coerce.number('must be a number of days').int().min(0).max(36_500).default(90),
  SMTP_URL: text.regex(/^smtps?:\/\/[^\s/]/, 'must begin with smtp:// or smtps://').optional(),
  MAIL_FROM: text
    .regex(/^[^\r\n]*[^\s@<>]+@[^\s@<>]+>?$/, 'must be an address, or a name with an address in angle brackets')
    .optional(),
  METRICS_TOKEN: text.min(16, 'must have at least 16 characters').optional(),
  TRUST_PROXY: text
    .regex(/^(true|false|\d+|[0-9a-fA-F.:/, ]+)$/, 'must be true, false, a number of hops, or addresses')
    .default('false'),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], 'must be a log level')
    .default('info'),
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url({ protocol: /^https?$/, error: 'must be an http or https address' }).optional(),
  OTEL_EXPORTER_OTLP_HEADERS: text
    .regex(
      /^[^\s=,]+=([^\s,%]|%[\da-fA-F]{2})*(,[^\s=,]+=([^\s,%]|%[\da-fA-F]{2})*)*$/,
      'must be like name=value,name=value, values percent-encoded',
    )
    .optional(),
  ALLOW_UNSAFE_DATABASE: switchOf.default(false),
  DAPR_HTTP_PORT: z.coerce.number('must be a port number').int().min(1).max(65_535).default(3500),
  DAPR_API_TOKEN: text.min(16, 'must have at least 16 characters').optional(),
  APP_API_TOKEN: text.min(16, 'must have at least 16 characters').optional(),
});

export const settingNames = Object.keys(schema.shape);

type Given = z.output<typeof schema>;
export type Config = Omit<Given, 'PORT' | 'SIGN_UP' | 'RATE_LIMIT'> & {
  PORT: number;
  SIGN_UP: 'open' | 'closed';
  RATE_LIMIT: { perSecond: number; burst: number } | 'off';
};

export class ConfigRefusal extends Error {}

const isLoopback = (host: string): boolean => /^(127\.|::1$|\[::1\]$|localhost$)/.test(host);

/**
 * Reads the environment. An empty value counts as unset.
 * @throws ConfigRefusal naming each wrong setting and what it must be, never its value.
 */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const given = Object.fromEntries(settingNames.flatMap((key) => (env[key] ? [[key, env[key]]] : [])));
  const read = schema.safeParse(given);
  if (!read.success) {
    throw new ConfigRefusal(read.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`).join('\n'));
  }
  requireWhatModeNeeds(read.data);
  const { PORT, SIGN_UP, RATE_LIMIT, ...rest } = read.data;
  if ((rest.SMTP_URL === undefined) !== (rest.MAIL_FROM === undefined))
    throw new ConfigRefusal('SMTP_URL and MAIL_FROM go together: mail needs a server and a sender.');
  const [perSecond, burst] = RATE_LIMIT === 'off' ? [] : RATE_LIMIT.replace('/s', '').split(',').map(Number);
  return {
    ...rest,
    PORT: PORT ?? ports[rest.SERVICE ?? 'api'],
    SIGN_UP: SIGN_UP ?? (isLoopback(rest.HOST) && !rest.PUBLIC_URL ? 'open' : 'closed'),
    RATE_LIMIT: RATE_LIMIT === 'off' ? 'off' : { perSecond: perSecond ?? 50, burst: burst ?? 200 },
  };
}

function requireWhatModeNeeds(given: Given): void {
  const { MODE, SERVICE, DATABASE_URL, BETTER_AUTH_SECRET } = given;
  if (MODE === 'single') {
    if (SERVICE) throw new ConfigRefusal('SERVICE goes with MODE=distributed: a single program runs every service.');
    return;
  }
  const missing = [
    SERVICE ? '' : `SERVICE must be set where MODE is distributed: one of ${everyService.join(', ')}`,
    DATABASE_URL ? '' : 'DATABASE_URL must be set where MODE is distributed: the bundled database is of one program',
    BETTER_AUTH_SECRET ? '' : 'BETTER_AUTH_SECRET must be set where MODE is distributed: every instance has the same',
    given.PUBLIC_URL
      ? ''
      : 'PUBLIC_URL must be set where MODE is distributed: no service has the address that people use',
    given.DAPR_API_TOKEN ? '' : 'DAPR_API_TOKEN must be set where MODE is distributed: the sidecar answers no one else',
    given.APP_API_TOKEN ? '' : 'APP_API_TOKEN must be set where MODE is distributed: by it the sidecar is known',
  ].filter(Boolean);
  if (missing.length > 0) throw new ConfigRefusal(missing.join('\n'));
}
