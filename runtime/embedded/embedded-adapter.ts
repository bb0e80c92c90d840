import type { Event } from '@taskmaster/contracts/events/event';
import type { Topic } from '@taskmaster/contracts/events/types';
import type { Adapter, StateStore } from '../runtime.ts';
import type { Logger } from '../telemetry.ts';

const A_WHILE = 60_000;

/**
 * All services in one process: an event goes straight to its consumers, and *published* means that each of them has
 * committed it. What a crash interrupts is sent again from the log.
 */
export function createEmbeddedAdapter(options: { state: StateStore; log: Logger }): Adapter {
  const subscribers = new Map<Topic, Map<string, (events: readonly Event[]) => Promise<void>>>();
  const observers = new Map<Topic, ((event: Event) => void)[]>();
  const replies = new Map<string, (input: never) => Promise<unknown>>();
  const timers = new Set<NodeJS.Timeout>();
  const wakers = new Map<string, () => Promise<void>>();
  const alarms = new Map<string, NodeJS.Timeout>();
  let stopped = false;

  async function wake(name: string, run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (error) {
      options.log.warn({ job: name, err: String(error) }, 'wake-up failed');
    }
  }

  return {
    async publish(topic, events) {
      for (const see of observers.get(topic) ?? []) for (const event of events) see(event);
      await Promise.all([...(subscribers.get(topic)?.values() ?? [])].map((receive) => receive(events)));
    },
    subscribe(topic, group, receive) {
      const groups = subscribers.get(topic) ?? new Map();
      if (groups.has(group)) throw new Error(`Two consumers of ${topic} are called ${group}.`);
      subscribers.set(topic, groups.set(group, receive));
    },
    fanOut(topic, see) {
      observers.set(topic, [...(observers.get(topic) ?? []), see]);
    },
    async ask(question, input) {
      const reply = replies.get(question);
      if (!reply) throw new Error(`Nobody answers ${question}.`);
      return (await reply(input as never)) as never;
    },
    answer(question, reply) {
      replies.set(question, reply as never);
    },
    every(name, milliseconds, run) {
      const schedule = () => {
        if (stopped) return;
        const timer = setTimeout(async () => {
          timers.delete(timer);
          try {
            await run();
          } catch (error) {
            options.log.warn({ job: name, err: String(error) }, 'job failed, next run as planned');
          }
          schedule();
        }, milliseconds);
        timers.add(timer);
      };
      schedule();
    },
    wake: {
      async at(name, at) {
        const run = wakers.get(name);
        if (!run) throw new Error(`Nobody wakes for ${name}.`);
        clearTimeout(alarms.get(name));
        const arm = () => {
          if (stopped) return;
          const left = Date.parse(at) - Date.now();
          // Timers count at most 24 days, and not while the machine sleeps.
          alarms.set(
            name,
            setTimeout(left > A_WHILE ? arm : () => void wake(name, run), Math.min(Math.max(left, 0) + 1, A_WHILE)),
          );
        };
        arm();
      },
      onWake: (name, run) => void wakers.set(name, run),
    },
    state: options.state,
    rest() {
      stopped = true;
      for (const alarm of alarms.values()) clearTimeout(alarm);
      for (const timer of timers) clearTimeout(timer);
    },
    stop: async () => undefined,
  };
}
