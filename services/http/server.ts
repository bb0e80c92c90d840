import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import helmet from '@fastify/helmet';
import websocket from '@fastify/websocket';
import { Problem, type ProblemError } from '@taskmaster/contracts/problems';
import type { ServiceName } from '@taskmaster/contracts/services';
import { SOCKET_PATH, SUBPROTOCOL } from '@taskmaster/contracts/sync/frames';
import { isInfrastructureError } from '@taskmaster/runtime/infrastructure-error';
import { type Logger, type Metrics, traceparentFrom, withTrail } from '@taskmaster/runtime/telemetry';
import { type Span, startSpan } from '@taskmaster/runtime/tracing';
import fastify, { type FastifyError, type FastifyReply, type FastifyRequest, LogController } from 'fastify';
import {
  hasZodFastifySchemaValidationErrors,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod';

export type Http = ReturnType<typeof createServer>;

const LARGEST_BODY = 512 * 1024;

/** Asked again and again, or about an event that has spans of its own. */
const UNTRACED = /^\/(health|ready|metrics|dapr|cron|events|observe)\b/;

/** A body with a byte that is none is refused, not mended: what was meant cannot be known. */
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** One HTTP server with what every route has: ids, limits, problems, metrics. Services mount their routes on it. `service` is what its metrics are of. */
export function createServer(options: {
  service: ServiceName;
  log: Logger;
  metrics: Metrics;
  trustProxy: string;
  secure: boolean;
  scriptHashes: readonly string[];
}) {
  const { log, metrics } = options;
  const app = fastify({
    bodyLimit: LARGEST_BODY,
    trustProxy: trusted(options.trustProxy),
    genReqId: (request) => {
      const given = request.headers['x-request-id'];
      return typeof given === 'string' && /^[\w.-]{8,64}$/.test(given) ? given : randomUUID();
    },
    logController: new LogController({ disableRequestLogging: true }),
    routerOptions: { maxParamLength: 200 },
    forceCloseConnections: 'idle',
    requestTimeout: 30_000,
    // Longer than those before it keep theirs (a sidecar: 90 s): what is sent on a connection that closes is lost.
    keepAliveTimeout: 120_000,
    // Fastify's own answer while it closes is no problem of ours, and does not say when to come back.
    return503OnClosing: false,
    // An address that cannot be decoded never reaches a route.
    frameworkErrors: (_error, request, reply) =>
      void sendProblem(request, reply.header('x-request-id', request.id), new Problem('malformed')),
    clientErrorHandler: (error, socket) => refuseConnection(error, socket as Socket),
  }).withTypeProvider<ZodTypeProvider>();

  app.removeContentTypeParser(['text/plain', 'application/json']);
  const parse = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    const charset = /charset="?([^\s;"]+)/i.exec(request.headers['content-type'] ?? '')?.[1] ?? 'utf-8';
    if (!/^utf-?8$/i.test(charset)) return done(new Problem('unsupported_media_type', 'JSON is UTF-8.'));
    try {
      parse(request, utf8.decode(body as Buffer), done);
    } catch {
      done(new Problem('malformed', 'The body is not UTF-8.'));
    }
  });
  app.setValidatorCompiler(validatorCompiler);
  // Answers are checked against their schema in tests; serialising through it would cost most of a list's throughput.
  app.setSerializerCompiler(() => JSON.stringify);

  const spans = new WeakMap<FastifyRequest, Span>();
  let closing = false;
  app.addHook('preClose', (done) => {
    closing = true;
    done();
  });
  app.addHook('onRequest', (request, reply, done) => {
    if (closing) {
      const problem = new Problem('unavailable', 'The server is stopping; try again shortly.', undefined, {}, 2);
      return void sendProblem(request, reply.header('connection', 'close'), problem);
    }
    const parent = traceparentFrom(request.headers.traceparent);
    const span = UNTRACED.test(request.url)
      ? undefined
      : startSpan({ service: options.service, name: request.method, kind: 'server', parent });
    if (span) spans.set(request, span);
    const traceparent = span?.traceparent ?? parent;
    reply.header('x-request-id', request.id).header('traceparent', traceparent);
    // What is somebody's stays in nobody's cache; what is meant to be kept says so itself.
    if (request.url.startsWith('/api/')) reply.header('cache-control', 'no-store');
    withTrail({ request_id: request.id, correlation_id: request.id, traceparent }, done);
  });
  // Elsewhere the socket would be opened, and closed only by whoever opened it. Refused before this, nobody would end its connection.
  app.addHook('preValidation', async ({ headers, routeOptions }) => {
    if (headers.upgrade?.toLowerCase() === 'websocket' && routeOptions.url !== SOCKET_PATH)
      throw new Problem('malformed', `${SOCKET_PATH} alone takes WebSockets.`);
  });
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown';
    metrics.requests.observe(
      { service: options.service, method: request.method, route, status: reply.statusCode },
      reply.elapsedTime / 1000,
    );
    spans.get(request)?.end({
      name: `${request.method} ${route}`,
      attributes: {
        'http.request.method': request.method,
        'http.route': route,
        'http.response.status_code': reply.statusCode,
        'taskmaster.correlation_id': request.id,
      },
      failed: reply.statusCode >= 500,
    });
    log.debug(
      { method: request.method, route, status: reply.statusCode, ms: Math.round(reply.elapsedTime) },
      'request',
    );
    done();
  });

  app.setErrorHandler((error: FastifyError | Problem, request, reply) =>
    sendProblem(request, reply, problemFrom(error, log, request.routeOptions.bodyLimit)),
  );
  app.register(websocket, {
    options: {
      maxPayload: 64 * 1024,
      perMessageDeflate: false,
      handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
    },
  });
  app.register(helmet, {
    strictTransportSecurity: options.secure ? { maxAge: 15_552_000 } : false,
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'", ...options.scriptHashes],
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:'],
        fontSrc: ["'self'"],
        connectSrc: ["'self'"],
        manifestSrc: ["'self'"],
        workerSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    crossOriginEmbedderPolicy: false,
    // Browsers refuse these headers on plain http from a home network's address.
    crossOriginOpenerPolicy: options.secure,
    originAgentCluster: options.secure,
  });
  return app;
}

/** `true`, `false`, how many hops, or which addresses. */
function trusted(setting: string): boolean | string | ((address: string, hop: number) => boolean) {
  if (setting === 'true' || setting === 'false') return setting === 'true';
  return /^\d+$/.test(setting) ? (_address, hop) => hop < Number(setting) : setting;
}

export function sendProblem(request: FastifyRequest, reply: FastifyReply, problem: Problem): FastifyReply {
  if (problem.retryAfter !== undefined) reply.header('retry-after', problem.retryAfter);
  return reply.code(problem.status).type('application/problem+json').send(problem.body(request.id));
}

/** What cannot even be read as HTTP is told so in our words too, and cut off: where the next request begins nobody knows. */
function refuseConnection({ code }: { code?: string }, socket: Socket): void {
  if (code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const problem =
    code === 'HPE_HEADER_OVERFLOW' ? new Problem('too_large', 'Its headers are too large.') : new Problem('malformed');
  const body = JSON.stringify(problem.body());
  socket.end(
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\ncontent-type: application/problem+json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
    () => socket.destroy(),
  );
}

/** Named where the name could be that of a field; anything else that was sent is not said again. */
function unknownFields({ keys }: Record<string, unknown>): string {
  const names = (keys as string[]).filter((key) => /^[a-z]\w{0,39}$/i.test(key)).slice(0, 5);
  return names.length > 0 ? `Not known here: ${names.join(', ')}.` : 'Holds what is not known here.';
}

/** Whatever was thrown, as one of our problems. What is not known is logged and answered without detail. */
export function problemFrom(error: FastifyError | Error, log: Logger, bodyLimit = LARGEST_BODY): Problem {
  if (error instanceof Problem) return error;
  if (hasZodFastifySchemaValidationErrors(error)) {
    const errors: ProblemError[] = error.validation.map((one) => ({
      path: one.instancePath.replace(/^\//, '').replaceAll('/', '.'),
      message: one.keyword === 'unrecognized_keys' ? unknownFields(one.params) : (one.message ?? 'Not valid.'),
    }));
    return new Problem('invalid', undefined, errors);
  }
  const code = (error as FastifyError).code;
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new Problem('too_large', `At most ${bodyLimit / 1024} kB.`);
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return new Problem('unsupported_media_type');
  if (code?.startsWith('FST_ERR_CTP') || error instanceof SyntaxError)
    return new Problem('malformed', 'The body is not JSON.');
  if ((error as FastifyError).statusCode === 400) return new Problem('malformed');
  if (isInfrastructureError(error)) {
    const isDatabase = (error as { code?: string }).code !== 'SIDECAR_AWAY';
    log.error({ err: String(error) }, isDatabase ? 'database away' : 'another service away, or the sidecar');
    if (!isDatabase)
      return new Problem(
        'unavailable',
        'A part of the server is away. Nothing was lost; try again shortly.',
        undefined,
        {},
        2,
      );
    return new Problem('unavailable', 'The database is away. Nothing was lost; try again shortly.', undefined, {}, 2);
  }
  log.error({ err: error.stack ?? String(error) }, 'unexpected error');
  return new Problem('internal');
}
