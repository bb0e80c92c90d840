import { setTimeout as sleep } from 'node:timers/promises';
import type { Place } from './stand.ts';

/**
 * Watches how long after a writer got its answer every consumer has committed the effect. One look at a time, every
 * millisecond, so that the looking costs little.
 */
export class LagProbe {
  readonly milliseconds: number[] = [];
  private looking = false;

  constructor(private readonly place: Place) {}

  /** Call it with the sequence that an answer named, at the moment of the answer. Passed over while another is looked at. */
  async watch(workspace: string, sequence: number): Promise<void> {
    if (this.looking) return;
    this.looking = true;
    const answered = performance.now();
    try {
      while (performance.now() - answered < 30_000) {
        const { rows } = await this.place.database.query<{ behind: boolean }>({
          name: 'probe',
          text: `select least(
             (select coalesce(max(sequence), 0) from recurring.cursor where workspace_id = $1),
             (select coalesce(max(sequence), 0) from notification.cursor where workspace_id = $1),
             (select coalesce(max(sequence), 0) from audit.cursor where workspace_id = $1)) < $2 as behind`,
          values: [workspace, sequence],
        });
        if (rows[0]?.behind === false) break;
        await sleep(1);
      }
      this.milliseconds.push(performance.now() - answered);
    } finally {
      this.looking = false;
    }
  }
}
