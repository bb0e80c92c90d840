import { Problem } from '@taskmaster/contracts/problems';
import type { RunningRuntime } from '@taskmaster/runtime/create-runtime';
import { v7 } from 'uuid';
import { z } from 'zod';
import type { Http } from '../../http/server.ts';
import type { Unsubscribe } from '../../mail/unsubscribe.ts';
import type { People } from '../auth/people.ts';
import { personalWorkspace } from '../caller.ts';
import { execute } from '../kernel/execute.ts';

/**
 * Stops a person's reminders by mail: by the mail program's own button (RFC 8058: a POST that asks nothing), or by the link in
 * the letter, which shows a button, so that a program that opens links stops nothing.
 */
export function unsubscribeRoutes({
  http,
  runtime,
  people,
  unsubscribe,
}: {
  http: Http;
  runtime: RunningRuntime<'tasks'>;
  people: People;
  unsubscribe: Unsubscribe;
}): void {
  const schema = { hide: true, querystring: z.object({ token: z.string().max(200) }) };
  http.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'string', bodyLimit: 1024 }, (_request, body, done) => done(null, body));
    scope.get<{ Querystring: { token: string } }>('/api/unsubscribe', { schema }, async (request, reply) => {
      if (!unsubscribe.read(request.query.token)) throw new Problem('not_found');
      return reply
        .type('text/html; charset=utf-8')
        .header('cache-control', 'no-store')
        .send(
          page(`<p>Stop reminders by mail? In the app they go on, and in the settings they can be switched on again.</p>
<form method="post"><button>Stop reminders by mail</button></form>`),
        );
    });
    scope.post<{ Querystring: { token: string } }>('/api/unsubscribe', { schema }, async (request, reply) => {
      const userId = unsubscribe.read(request.query.token);
      const caller = userId && (await people.known(userId));
      if (!caller) throw new Problem('not_found');
      await execute(
        runtime,
        { ...caller, actor: { kind: 'user', id: caller.user_id } },
        {
          workspace_id: personalWorkspace(caller),
          ops: [
            {
              op: v7(),
              kind: 'update',
              entity: 'user',
              id: caller.user_id,
              patch: { settings: { reminder_mail: false } },
            },
          ],
          via: 'mail',
          answer: () => ({ status: 200, body: null }),
        },
      );
      people.forget(caller.user_id);
      return reply
        .type('text/html; charset=utf-8')
        .send(page('<p>Done: no more reminders by mail. In the settings they can be switched on again.</p>'));
    });
  });
}

const page = (body: string): string => `<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"><title>TaskMaster</title>
<style>body{font:17px/1.5 system-ui,sans-serif;max-width:32em;margin:15vh auto;padding:0 24px}button{font:inherit;padding:10px 18px}</style>
</head><body><h1>TaskMaster</h1>${body}</body></html>`;
