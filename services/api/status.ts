import type { AdminStatus } from '@taskmaster/contracts/http/admin';
import type { RunningRuntime } from '@taskmaster/runtime/create-runtime';
import type { Logger } from '@taskmaster/runtime/telemetry';

/**
 * What waits in every service, asked of each. One that does not answer is shown without numbers: that it is away is what whoever
 * runs the place wants to see. @throws where api itself cannot say
 */
export async function statusOfServices(
  runtime: Pick<RunningRuntime<'tasks'>, 'ask' | 'counts'>,
  log: Logger,
): Promise<Pick<AdminStatus, 'services' | 'reminders'>> {
  const answer = <Answer>(service: string, asked: Promise<Answer>): Promise<Answer | null> =>
    asked.catch((error) => {
      log.warn({ service, err: String(error) }, 'does not say how it goes');
      return null;
    });
  const [api, recurring, notification, audit] = await Promise.all([
    runtime.counts(),
    answer('recurring', runtime.ask('recurring_counts', {})),
    answer('notification', runtime.ask('notification_counts', {})),
    answer('audit', runtime.ask('audit_counts', {})),
  ]);
  const { reminders = null, ...waiting } = notification ?? {};
  const services = { api, recurring, notification: notification && waiting, audit };
  return {
    services: Object.entries(services).map(([name, counts]) => ({
      name,
      ...(counts ?? UNKNOWN),
    })) as AdminStatus['services'],
    reminders,
  };
}

const UNKNOWN = { outbox: null, inbox: null, dead_letters: null };
