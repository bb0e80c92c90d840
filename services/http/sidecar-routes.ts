import { Problem } from '@taskmaster/contracts/problems';
import { type AppAnswer, type AppChannel, SIDECAR_PATHS } from '@taskmaster/runtime/app-channel';
import type { FastifyReply } from 'fastify';
import { type Http, sendProblem } from './server.ts';

/** Brokers take a megabyte of one message. */
const LARGEST_EVENT = 1_200_000;
/** As many as a subscription brings at once. One that is refused for its size would come again for ever, and stop what is behind it. */
export const LARGEST_BATCH = 100;

/** Where the sidecar beside this service calls: what it brings goes to the adapter, and nobody else comes in. */
export function sidecarRoutes(http: Http, channel: AppChannel): void {
  http.register(async (own) => {
    // Subscriptions are declared, none is asked for here. Were this the page, all of them would stop, and nobody say so.
    own.get('/dapr/*', { schema: { hide: true } }, (request, reply) =>
      sendProblem(request, reply, new Problem('not_found')),
    );
    own.removeAllContentTypeParsers();
    own.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => {
      try {
        done(null, body === '' ? null : JSON.parse(body as string));
      } catch {
        // No event: the adapter says what becomes of it.
        done(null, null);
      }
    });
    for (const path of SIDECAR_PATHS) {
      own.route({
        method: 'POST',
        url: `${path}:name`,
        bodyLimit: LARGEST_EVENT * (path === '/events/' || path === '/observe/' ? LARGEST_BATCH : 1),
        schema: { hide: true },
        onRequest: async ({ url, headers }, reply) => {
          const refused = channel.refusalOf({ path: url, headers });
          return refused && send(reply, refused);
        },
        handler: async ({ method, url, headers, body }, reply) =>
          send(reply, await channel.receive({ method, path: url, headers, body })),
      });
    }
  });
}

const send = (reply: FastifyReply, { status, headers = {}, body }: AppAnswer) =>
  reply.code(status).headers(headers).send(body);
