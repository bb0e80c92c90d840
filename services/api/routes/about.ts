import { type About, aboutSchema } from '@taskmaster/contracts/http/service';
import type { Http } from '../../http/server.ts';

/** What a page asks before anyone signs in. */
export function aboutRoute({ http, about }: { http: Http; about(): Promise<About> }): void {
  http.get(
    '/api/about',
    {
      schema: {
        security: [] as never[],
        tags: ['service'],
        summary: 'What a page asks before anyone signs in',
        response: { 200: aboutSchema },
      },
    },
    async (_request, reply) => reply.header('cache-control', 'no-store').send(await about()),
  );
}
