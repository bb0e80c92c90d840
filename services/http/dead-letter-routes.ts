import { uuid } from '@taskmaster/contracts/fields';
import {
  deadLetterListSchema,
  replayedSchema,
  type serviceNames,
  wholeDeadLetterSchema,
} from '@taskmaster/contracts/http/admin';
import { orProblem, Problem } from '@taskmaster/contracts/problems';
import { isInfrastructureError } from '@taskmaster/runtime/infrastructure-error';
import type { DeadLetter, DeadLetters } from '@taskmaster/runtime/runtime';
import type { Logger } from '@taskmaster/runtime/telemetry';
import { z } from 'zod';
import type { Administration } from './admin.ts';
import type { Http } from './server.ts';

/** The events that a service could not handle: listed, looked at, applied late. Every service has these. */
export function deadLetterRoutes({
  http,
  service,
  deadLetters,
  enterAdmin,
  record,
  log,
}: Administration & {
  http: Http;
  service: (typeof serviceNames)[number];
  deadLetters: DeadLetters;
  log: Logger;
}): void {
  const at = `/api/admin/${service}/dead-letters`;
  const doc = (summary: string) => ({ summary, tags: ['administration'] });
  const withId = z.object({ id: uuid });

  http.get(
    at,
    {
      schema: {
        ...doc(`What ${service} could not handle, newest first`),
        response: { 200: deadLetterListSchema, ...orProblem },
      },
    },
    async (request) => {
      await enterAdmin(request);
      return { items: (await deadLetters.list()).map(shown), next_cursor: null };
    },
  );
  http.get(
    `${at}/:id`,
    {
      schema: {
        ...doc('One of them, with its event'),
        params: withId,
        response: { 200: wholeDeadLetterSchema, ...orProblem },
      },
      attachValidation: true,
    },
    async (request) => {
      await enterAdmin(request);
      const letter = await deadLetters.get(request.params.id);
      if (!letter) throw new Problem('not_found');
      return { ...shown(letter), event: letter.event as unknown as Record<string, unknown> };
    },
  );
  http.post(
    `${at}/:id/replay`,
    {
      schema: {
        ...doc('Apply it late, once'),
        params: withId,
        body: z.strictObject({}).nullish(),
        response: { 200: replayedSchema, ...orProblem },
      },
      attachValidation: true,
    },
    async (request) => {
      const who = await enterAdmin(request);
      const { id } = request.params;
      const outcome = await deadLetters.replay(id).catch((error: Error) => {
        if (isInfrastructureError(error)) throw error;
        log.warn({ service, id, err: error.message }, 'dead letter failed again');
        throw new Problem('failed_again', 'Why stands in the log.');
      });
      if (outcome === 'unknown') throw new Problem('not_found');
      if (outcome !== 'already_replayed')
        await record(request, { who, action: 'dead_letter_replayed', detail: { service, id, outcome } });
      return { outcome };
    },
  );
}

const shown = ({ event, ...letter }: DeadLetter) => ({ ...letter, event_type: event.type });
