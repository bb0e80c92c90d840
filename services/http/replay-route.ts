import { replaySchema, sentAgainSchema } from '@taskmaster/contracts/http/admin';
import { orProblem } from '@taskmaster/contracts/problems';
import type { ServiceName } from '@taskmaster/contracts/services';
import type { Runtime } from '@taskmaster/runtime/runtime';
import type { Administration } from './admin.ts';
import type { Http } from './server.ts';

/**
 * The operator's step after a broker was lost: what is no change, and so stands in no log that consumers could ask, is published
 * again. Every service has it, for every service emits.
 */
export function replayRoute({
  http,
  service,
  runtime,
  enterAdmin,
  record,
}: Administration & { http: Http; service: ServiceName; runtime: Pick<Runtime<string>, 'sendAgain'> }): void {
  http.post(
    `/api/admin/${service}/replay`,
    {
      schema: {
        summary: `Publish again what ${service} emitted since then`,
        tags: ['administration'],
        body: replaySchema,
        response: { 200: sentAgainSchema, ...orProblem },
      },
      attachValidation: true,
    },
    async (request) => {
      const who = await enterAdmin(request);
      const { since } = request.body;
      const sent = await runtime.sendAgain(since);
      await record(request, { who, action: 'events_sent_again', detail: { service, since, ...sent } });
      return sent;
    },
  );
}
