import { Problem } from '@taskmaster/contracts/problems';
import { type AppAnswer, SIDECAR_PATHS, type SidecarCall } from '@taskmaster/runtime/app-channel';
import { type Http, sendProblem } from './server.ts';

/** A run of whole change sets is up to 256 kB, and a set alone may be larger; brokers take a megabyte. */
const LARGEST_EVENT = 1_200_000;

/** Where the sidecar beside this service calls: what it brings goes to the adapter, which lets nobody else in. */
export function sidecarRoutes(http: Http, receive: (call: SidecarCall) => Promise<AppAnswer>): void {
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
        bodyLimit: LARGEST_EVENT,
        schema: { hide: true },
        handler: async (request, reply) => {
          const { method, url, headers, body } = request;
          const answer = await receive({ method, path: url, headers, body });
          return reply
            .code(answer.status)
            .headers(answer.headers ?? {})
            .send(answer.body);
        },
      });
    }
  });
}
