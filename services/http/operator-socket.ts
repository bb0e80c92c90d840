import { chmodSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { Logger } from '@taskmaster/runtime/telemetry';
import type { FastifyRequest } from 'fastify';
import type { Http } from './server.ts';

/** What the systems we run on allow (sun_path), less its end. */
const LONGEST_PATH = 103;
const operators = new WeakSet<IncomingMessage['socket']>();

/** True where the request came by the operator's socket: whoever may open that file runs the place. */
export const isOperator = (request: FastifyRequest): boolean => operators.has(request.raw.socket);

/** The same API on a socket in the data folder, for its owner alone, without a token. A socket left by a crash is replaced. */
export async function listenForOperator(http: Http, path: string, log: Logger): Promise<{ close(): Promise<void> }> {
  if (Buffer.byteLength(path) > LONGEST_PATH) {
    log.warn({ path }, 'the path of the operator’s socket is too long for this system: not opened');
    return { close: async () => undefined };
  }
  rmSync(path, { force: true });
  const server = createServer((request, response) => {
    operators.add(request.socket);
    http.routing(request, response);
  });
  const before = process.umask(0o177);
  try {
    await new Promise<void>((listening, refused) => server.once('error', refused).listen(path, listening));
  } finally {
    process.umask(before);
  }
  chmodSync(path, 0o600);
  return {
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}
