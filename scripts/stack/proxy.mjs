import { createServer, request } from 'node:http';
import { connect } from 'node:net';
import { ROUTES } from './routes.mjs';

/** The first whose path is that address or its beginning, in whole segments; `{user_id}` is any one. @param {string} address */
export function serviceAt(address) {
  const found = ROUTES.find((route) => {
    const pattern = route.path.replace(/\/$/, '').replaceAll(/\{\w+\}/g, '[^/]+');
    return new RegExp(`^${pattern}(/|$)`).test(address);
  });
  if (!found) throw new Error(`No route for ${address}`);
  return found.service;
}

/**
 * One address for all services, routed by deploy/routes.json, in turn over their replicas.
 *
 * @param {object} options
 * @param {number} options.port
 * @param {(service: string) => readonly number[]} options.portsOf of those that can be asked now
 * @returns {Promise<{url: string, underWay(port: number): number, close(): Promise<void>}>}
 */
export async function startProxy({ port, portsOf }) {
  /** The instances of each service take turns. @type {Map<string, number>} */
  const turns = new Map();
  /** @param {import('node:http').IncomingMessage} incoming */
  const target = (incoming) => {
    const service = serviceAt((incoming.url ?? '/').split('?')[0] ?? '/');
    const ports = portsOf(service);
    const turn = turns.get(service) ?? 0;
    turns.set(service, turn + 1);
    return ports[turn % ports.length];
  };
  /** @param {import('node:http').IncomingMessage} incoming */
  const headersOf = ({ headers, socket }) => ({ ...headers, 'x-forwarded-for': socket.remoteAddress });
  /** How many requests each has to answer still. @type {Map<number, number>} */
  const underWay = new Map();
  /** @type {Set<import('node:stream').Duplex>} */
  const sockets = new Set();

  // Longer than clients keep theirs: what is sent on a connection that closes gets no answer.
  const proxy = createServer({ keepAliveTimeout: 120_000 }, (incoming, outgoing) => {
    const port = target(incoming) ?? 0;
    underWay.set(port, (underWay.get(port) ?? 0) + 1);
    outgoing.once('close', () => underWay.set(port, (underWay.get(port) ?? 0) - 1));
    const to = { host: '127.0.0.1', port, method: incoming.method, path: incoming.url };
    const asked = request({ ...to, headers: headersOf(incoming) }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    // Cut in the middle nobody knows what became of it: whoever asked is to see just that.
    asked.on('error', (/** @type {NodeJS.ErrnoException} */ { code }) =>
      code === 'ECONNREFUSED' ? away(outgoing) : outgoing.destroy(),
    );
    outgoing.on('close', () => asked.destroy());
    incoming.pipe(asked);
  });
  proxy.on('upgrade', (incoming, socket, head) => {
    const upstream = connect(target(incoming) ?? 0, '127.0.0.1');
    const lines = Object.entries(headersOf(incoming)).map(([name, value]) => `${name}: ${value}`);
    upstream.write(`${incoming.method} ${incoming.url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
    upstream.write(head);
    for (const one of [socket, upstream]) {
      sockets.add(one);
      one.on('error', () => undefined);
      one.on('close', () => {
        sockets.delete(one);
        socket.destroy();
        upstream.destroy();
      });
    }
    upstream.pipe(socket).pipe(upstream);
  });
  await /** @type {Promise<void>} */ (
    new Promise((resolve, reject) => proxy.once('error', reject).listen(port, '127.0.0.1', () => resolve()))
  );
  const address = proxy.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : port}`,
    underWay: (port) => underWay.get(port) ?? 0,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        proxy.close(() => resolve());
        proxy.closeAllConnections();
      }),
  };
}

/** @param {import('node:http').ServerResponse} outgoing */
function away(outgoing) {
  const body = {
    type: 'https://taskmaster.dev/problems/unavailable',
    title: 'Not able to right now; nothing was lost',
    status: 503,
    code: 'unavailable',
    detail: 'This part of the server is starting. Try again shortly.',
  };
  outgoing.writeHead(503, { 'content-type': 'application/problem+json', 'retry-after': '2' }).end(JSON.stringify(body));
}
