/** SQLSTATE classes and codes that say the database is not able right now, not that the statement is wrong. */
const states = /^(08|40|53|57P|58)|^(25006|25P03|55P03|57014)$/;
/** Of sockets, and of services that are asked. */
const codes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOENT',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENOTFOUND',
  'SIDECAR_AWAY',
  // What the service that was asked says of its own database.
  'unavailable',
]);

/** Such an error is no attempt of a handler and no fault of a caller: it is tried again, or answered 503. */
export function isInfrastructureError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, severity } = error as { code?: string; severity?: string };
  // FATAL ends the session, whatever its code: the connection is what failed.
  if (severity === 'FATAL') return true;
  if (code !== undefined && (states.test(code) || codes.has(code))) return true;
  return /Connection terminated|connection error and is not queryable|Client was closed|timeout exceeded when trying to connect/.test(
    error.message,
  );
}
