import { backupMadeSchema } from '@taskmaster/contracts/http/admin';
import { orProblem } from '@taskmaster/contracts/problems';
import { z } from 'zod';
import type { Administration } from '../http/admin.ts';
import type { Http } from '../http/server.ts';
import type { Nightly } from './nightly.ts';

/** A backup now, into the folder where the nightly ones are. */
export function backupRoutes({
  http,
  backups,
  enterAdmin,
  record,
}: Administration & {
  http: Http;
  backups: Pick<Nightly, 'make'>;
}): void {
  http.post(
    '/api/admin/backups',
    {
      schema: {
        summary: 'Make a backup now, while everybody goes on',
        tags: ['administration'],
        body: z.strictObject({}).nullish(),
        response: { 201: backupMadeSchema, ...orProblem },
      },
      attachValidation: true,
    },
    async (request, reply) => {
      const who = await enterAdmin(request);
      const made = await backups.make();
      await record(request, { who, action: 'backup_made', detail: { at: made.at, rows: made.rows } });
      return reply.code(201).send(made);
    },
  );
}
