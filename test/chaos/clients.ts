import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { same } from '@taskmaster/domain/registers';
import type { Attempt, PushedOp } from './journal.ts';
import { type Answer, type Person, type Request, send } from './person.ts';
import type { Finding } from './promises.ts';
import { pick, type Random } from './random.ts';

/** A client with one request under way at a time. What it does not know the end of, it sends again, unchanged, first. */
export interface Client {
  /** Works until told to stop, or until no answer comes. */
  work(url: string, signal: AbortSignal): Promise<void>;
  /** Sends what is not known to be done until it is. */
  settle(url: string): Promise<void>;
  /** What is settled is not asked about again: its answer is kept for a day only. */
  forget(): void;
  /** What was answered since then is in doubt again: sent again before anything else. */
  rewind(since: number): void;
}

type Planned = Omit<Attempt, 'outcome' | 'retries' | 'person' | 'trail'>;

/** An answer to the same request with the same key that differs from the first. */
export interface Difference {
  readonly path: string;
  readonly first: string;
  readonly again: string;
}

export interface Record {
  readonly attempts: Attempt[];
  readonly differences: Difference[];
  /** Errors of the server that do not say what a client is to do. */
  readonly unclear: Finding[];
  /** Ops of others than these clients. */
  readonly known: Set<string>;
  /** What open sockets were told. */
  readonly heard: { person: Person; workspace: string; seq: number; op: string; entity_id: string }[];
  readonly counts: {
    retried: number;
    replayed: number;
    completed_twice: number;
    unavailable: number;
    sockets: number;
  };
}

export const newRecord = (): Record => ({
  attempts: [],
  differences: [],
  unclear: [],
  known: new Set(),
  heard: [],
  counts: { retried: 0, replayed: 0, completed_twice: 0, unavailable: 0, sockets: 0 },
});

abstract class Worker implements Client {
  private pending: Attempt | undefined;
  private readonly own: Attempt[] = [];
  /** What was drawn from their first answer is not drawn from the second. */
  private readonly learned = new Set<Attempt>();

  constructor(
    protected readonly person: Person,
    protected readonly random: Random,
    protected readonly record: Record,
    /** Milliseconds, of the clock that the server goes by. */
    protected readonly now: () => number = Date.now,
  ) {}

  protected abstract plan(): Planned[];
  protected abstract learn(attempt: Attempt): void;

  async work(url: string, signal: AbortSignal): Promise<void> {
    if (this.pending && !(await this.retry(url))) return;
    if (!(await this.askAgain(url))) return;
    while (!signal.aborted) {
      // Several planned together are sent together: they race.
      const attempts = this.plan().map(
        (planned): Attempt => ({ ...planned, person: this.person, outcome: 'unknown', retries: 0, trail: [] }),
      );
      this.record.attempts.push(...attempts);
      this.own.push(...attempts);
      await Promise.all(attempts.map((attempt) => this.send(url, attempt)));
      for (const attempt of attempts) {
        if (attempt.outcome !== 'unknown') this.learn(attempt);
        else if (!this.pending) this.pending = attempt;
      }
      if (this.own.some((attempt) => attempt.outcome === 'unknown')) return;
      await sleep(this.random() * 2);
    }
  }

  async settle(url: string): Promise<void> {
    for (let tries = 0; this.pending && tries < 20; tries++) if (!(await this.retry(url))) await sleep(100);
  }

  forget(): void {
    if (!this.pending) this.own.length = 0;
  }

  rewind(since: number): void {
    for (const attempt of this.own) {
      const answered = attempt.trail.at(-1)?.at ?? '';
      if (attempt.outcome !== 'acknowledged' || Date.parse(answered) < since) continue;
      attempt.outcome = 'unknown';
      this.learned.add(attempt);
      this.pending ??= attempt;
    }
  }

  private async retry(url: string): Promise<boolean> {
    for (const attempt of this.own.filter((one) => one.outcome === 'unknown')) {
      attempt.retries++;
      this.record.counts.retried++;
      await this.send(url, attempt);
      if (attempt.outcome === 'unknown') return false;
      if (!this.learned.has(attempt)) this.learn(attempt);
    }
    this.pending = undefined;
    return true;
  }

  /** What was acknowledged before a crash has the same answer after it. Asked of one of the last, since asking mends a loss. */
  private async askAgain(url: string): Promise<boolean> {
    const done = this.own.filter((attempt) => attempt.outcome === 'acknowledged' && attempt.retries === 0).slice(-4);
    for (const attempt of done.length > 0 ? [pick(this.random, done)] : []) {
      const answer = await send(url, this.person, attempt.request).catch(() => undefined);
      if (!answer || answer.status >= 500) return false;
      this.record.counts.replayed++;
      const same =
        attempt.shape === 'device'
          ? repeats(attempt.answer?.text ?? '', answer.text)
          : sameJson(answer.text, attempt.answer?.text ?? '') && answer.replayed;
      if (same && answer.status === attempt.answer?.status) continue;
      this.record.differences.push({
        path: attempt.request.path,
        first: `${attempt.answer?.status} ${attempt.answer?.text}`,
        again: `${answer.status} ${answer.text}`,
      });
    }
    return true;
  }

  private async send(url: string, attempt: Attempt): Promise<void> {
    const note = (what: string) => attempt.trail.push({ at: new Date(this.now()).toISOString(), what });
    note(`sent ${attempt.request.method} ${attempt.request.path}`);
    const answer = await send(url, this.person, attempt.request).catch(() => undefined);
    note(answer ? `answered ${answer.status} ${answer.text.slice(0, 200)}` : 'no answer');
    if (!answer) return;
    if (answer.status >= 500) return this.refuse(attempt, answer);
    attempt.answer = answer;
    attempt.outcome = answer.status < 300 ? 'acknowledged' : 'refused';
  }

  private refuse({ request, id }: Attempt, answer: Answer): void {
    if (isClear(answer)) this.record.counts.unavailable++;
    else
      this.record.unclear.push({
        what: `${request.method} ${request.path}: ${answer.status} ${answer.text.slice(0, 300)}`,
        ...(id ? { id } : {}),
      });
  }
}

/** A problem (RFC 9457) that can be tried again and says when. */
function isClear({ status, text, retry_after }: Answer): boolean {
  try {
    return status === 503 && (JSON.parse(text) as { code?: string }).code === 'unavailable' && retry_after !== null;
  } catch {
    return false;
  }
}

const sameJson = (one: string, other: string): boolean =>
  one === other || same(JSON.parse(one || 'null'), JSON.parse(other || 'null'));

/** A push sent again: every op a duplicate, each at the sequence it had. */
function repeats(first: string, again: string): boolean {
  const [was, is] = [first, again].map(
    (text) => (JSON.parse(text) as { results: { op: string; status: string; seq: number }[] }).results,
  );
  return (
    is?.every(
      (result, index) => result.status === 'dup' && result.op === was?.[index]?.op && result.seq === was[index]?.seq,
    ) ?? false
  );
}

interface Known {
  id: string;
  slot?: string;
}

/** A program that calls the API: makes, changes, completes and deletes its tasks, and follows its repeating ones. */
export class ApiClient extends Worker {
  private readonly open: string[] = [];
  private readonly repeating: Known[] = [];

  protected plan(): Planned[] {
    const dice = this.random();
    const id = this.open.length > 0 ? pick(this.random, this.open) : undefined;
    if (dice < 0.05)
      return [{ ...this.one('PATCH', `/${randomUUID()}`, 'updated', { title: 'of nobody' }), wrong: true }];
    if (dice < 0.12) return [this.quick()];
    if (dice < 0.2) return [this.remind()];
    if (dice < 0.29 && this.repeating.length < 6) return [this.create(true)];
    if (dice < 0.5 && this.repeating.length > 0) return this.completeTwice(pick(this.random, this.repeating));
    if (id === undefined || dice < 0.65) return [this.create(false)];
    if (dice < 0.85)
      return [
        this.one(
          'PATCH',
          `/${id}`,
          'updated',
          { title: `changed ${randomUUID()}`, priority: pick(this.random, ['high', 'low', null]) },
          id,
        ),
      ];
    if (dice < 0.93) return [this.one('POST', `/${id}/complete`, 'completed', {}, id)];
    this.open.splice(this.open.indexOf(id), 1);
    return [this.one('DELETE', `/${id}`, 'deleted', undefined, id)];
  }

  protected learn({ verb, shape, outcome, answer, request }: Attempt): void {
    if (outcome !== 'acknowledged' || !answer || verb === 'deleted' || shape !== 'one') return;
    const task = JSON.parse(answer.text) as {
      id: string;
      slot: string | null;
      series_id: string | null;
      successor_id: string | null;
    };
    if (verb === 'created' && task.series_id === null) this.open.push(task.id);
    if (verb === 'created' && task.slot !== null) this.repeating.push({ id: task.id, slot: task.slot });
    if (verb !== 'completed' || task.series_id === null || !request.path.includes(task.id)) return;
    const at = this.repeating.findIndex((known) => known.id === task.id);
    // The successor may not have been made yet: an act on its id makes it. Some are left to the consumer alone.
    if (at < 0) return;
    if (task.successor_id === null || this.random() < 0.25) this.repeating.splice(at, 1);
    else this.repeating[at] = { id: task.successor_id };
  }

  private create(repeats: boolean): Planned {
    const id = randomUUID();
    const repeat = {
      due_date: '2026-01-05',
      due_time: '09:00',
      recurrence: { rule: 'FREQ=DAILY', overdue: 'one_by_one' },
    };
    const body = {
      id,
      title: `made ${randomUUID()}`,
      tags: [pick(this.random, ['home', 'work', 'bank'])],
      ...(repeats ? repeat : {}),
    };
    return this.one('POST', '', 'created', body, id);
  }

  /** Soon: while the program is up, while it is down, or before this very request is answered. */
  private remind(): Planned {
    const id = randomUUID();
    const at = new Date(this.now() + 200 + this.random() * 3_000).toISOString();
    return this.one('POST', '', 'created', { id, title: `remind ${randomUUID()}`, reminders: [{ at }] }, id);
  }

  /** One slot, two requests at once: one completes it, the other finds it completed. */
  private completeTwice({ id, slot }: Known): Planned[] {
    const body = slot === undefined ? {} : { slot };
    this.record.counts.completed_twice++;
    return [
      this.one('POST', `/${id}/complete`, 'completed', body, id),
      this.one('POST', `/${id}/complete`, 'completed', body, id),
    ];
  }

  private quick(): Planned {
    const text = `Call ${randomUUID()} tomorrow 9am #p${Math.floor(this.random() * 3)} @phone\nBuy ${randomUUID()}`;
    return { ...this.one('POST', '/quick', 'created', { text }), shape: 'quick' };
  }

  private one(method: string, path: string, verb: Attempt['verb'], body?: object, id?: string): Planned {
    const request: Request = { method, path: `/api/tasks${path}`, key: randomUUID(), ...(body ? { body } : {}) };
    return { request, verb, shape: 'one', ...(id === undefined ? {} : { id }) };
  }
}

/** A device that pushes its edits in batches, numbered without a gap. */
export class DeviceClient extends Worker {
  private readonly client_id = randomUUID();
  private readonly open: string[] = [];
  private n = 0;

  protected plan(): Planned[] {
    const ops = Array.from({ length: 1 + Math.floor(this.random() * 6) }, () => this.op());
    const body = { client_id: this.client_id, schema: 1, ops };
    return [
      {
        request: { method: 'POST', path: `/api/workspaces/${this.person.workspace}/ops`, body },
        verb: 'updated',
        shape: 'device',
      },
    ];
  }

  protected learn(): void {}

  private op(): PushedOp {
    const id = this.open.length > 0 ? pick(this.random, this.open) : undefined;
    const dice = this.random();
    const op = { op: randomUUID(), n: ++this.n, entity: 'task' as const };
    if (id === undefined || dice < 0.4) {
      const made = randomUUID();
      this.open.push(made);
      return { ...op, kind: 'create', id: made, patch: { title: `made ${randomUUID()}` } };
    }
    if (dice < 0.8) return { ...op, kind: 'update', id, patch: { title: `changed ${randomUUID()}` } };
    this.open.splice(this.open.indexOf(id), 1);
    return { ...op, kind: dice < 0.9 ? 'complete' : 'delete', id, patch: {} };
  }
}

/** One person's two devices, which complete the same occurrence of a series at the same moment. */
export class TwoDevices extends Worker {
  private readonly devices = [0, 1].map(() => ({ client_id: randomUUID(), n: 0 }));
  private made: string | undefined;

  protected plan(): Planned[] {
    const id = this.made;
    if (id === undefined) {
      this.made = randomUUID();
      const due = { due_date: '2026-01-05', due_time: '09:00', due_zone: null };
      const recurrence = { rule: 'FREQ=DAILY', overdue: 'one_by_one' };
      return [this.push(0, 'create', this.made, { title: `made ${randomUUID()}`, due, recurrence })];
    }
    this.made = undefined;
    this.record.counts.completed_twice++;
    return [this.push(0, 'complete', id, {}), this.push(1, 'complete', id, {})];
  }

  protected learn(): void {}

  private push(device: number, kind: PushedOp['kind'], id: string, patch: object): Planned {
    const { client_id, n } = this.devices[device] ?? { client_id: randomUUID(), n: 0 };
    this.devices[device] = { client_id, n: n + 1 };
    const ops = [{ op: randomUUID(), n: n + 1, entity: 'task', kind, id, patch }];
    const path = `/api/workspaces/${this.person.workspace}/ops`;
    const request = { method: 'POST', path, body: { client_id, schema: 1, ops } };
    return { request, verb: 'updated', shape: 'device', id, ...(kind === 'complete' ? { races: true } : {}) };
  }
}
