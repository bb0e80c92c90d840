import { z } from 'zod';

/** Every setting there is, with what it may be. The README shows the same table. */
const text = z.string().trim();
const switchOf = z.enum(['true', 'false'], 'must be true or false').transform((value) => value === 'true');
const schema = z.object({
  HOST: text.min(1).default('127.0.0.1'),
  PORT: z.coerce.number('must be a port number').int().min(0).max(65_535).default(8000),
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
  ALLOW_UNSAFE_DATABASE: switchOf.default(false),
});

export type Config = Omit<z.output<typeof schema>, 'SIGN_UP' | 'RATE_LIMIT'> & {
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
  const given = Object.fromEntries(Object.keys(schema.shape).flatMap((key) => (env[key] ? [[key, env[key]]] : [])));
  const read = schema.safeParse(given);
  if (!read.success) {
    throw new ConfigRefusal(read.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`).join('\n'));
  }
  const { SIGN_UP, RATE_LIMIT, ...rest } = read.data;
  if ((rest.SMTP_URL === undefined) !== (rest.MAIL_FROM === undefined))
    throw new ConfigRefusal('SMTP_URL and MAIL_FROM go together: mail needs a server and a sender.');
  const [perSecond, burst] = RATE_LIMIT === 'off' ? [] : RATE_LIMIT.replace('/s', '').split(',').map(Number);
  return {
    ...rest,
    SIGN_UP: SIGN_UP ?? (isLoopback(rest.HOST) && !rest.PUBLIC_URL ? 'open' : 'closed'),
    RATE_LIMIT: RATE_LIMIT === 'off' ? 'off' : { perSecond: perSecond ?? 50, burst: burst ?? 200 },
  };
}
