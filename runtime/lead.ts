import { setTimeout as sleep } from 'node:timers/promises';
import { Problem } from '@taskmaster/contracts/problems';
import pg from 'pg';
import { z } from 'zod';
import type { Logger } from './telemetry.ts';

/** The first half of an advisory lock's key; the second is the service. */
const RELAY_LOCK = 7_233_001;
/** Milliseconds. */
const LOOK_EVERY = 1_000;
const TELL_WITHIN = 5;
const ANSWER_WITHIN = 10_000;
const GIVE_OTHERS = 5_000;
/** Seconds of silence after which a holder counts as frozen, or cut off. */
const SILENT_FOR = 10;
/** A notification takes 8,000 bytes. */
const MOST_IN_A_WORD = 150;

const ids = z.array(z.guid());
const wordSchema = z.object({
  changed: ids.optional(),
  emitted: z.boolean().optional(),
  /** Of these workspaces; null: of all. */
  replay: z.object({ from: z.int().min(0), workspace_ids: ids.nullable() }).optional(),
});
/** What instances of a service tell whichever of them relays. */
export type Word = z.infer<typeof wordSchema>;

export interface LeadOptions {
  /** Its login may end its own sessions; the lock stands outside of the service's roles. */
  connection: pg.ClientConfig;
  schema: string;
  log: Logger;
  /** This instance relays from now on, until `onLost` has resolved. */
  onLead(): Promise<void>;
  onLost(): Promise<void>;
  onWord(word: Word): void;
}

/**
 * One relay per service, however many instances: whoever holds the lock leads, says so each second by asking, and loses it with
 * its connection. One that is silent for ten seconds is ended by a standby; what it publishes afterwards is passed over by
 * consumers, as any duplicate. Words are hints: one that is lost is found by the relay's own look each second.
 */
export class Lead {
  private client: pg.Client | undefined;
  private leading = false;
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();
  private readonly changed = new Set<string>();
  private emitted = false;
  private turn: Promise<unknown> = Promise.resolve();
  private telling: NodeJS.Timeout | undefined;
  private restUntil = 0;

  constructor(private readonly options: LeadOptions) {}

  get isLeading(): boolean {
    return this.leading;
  }

  /** Resolves once this instance leads, or another does. @throws where the database is away */
  async start(): Promise<void> {
    let decided: (error?: unknown) => void = () => undefined;
    const first = new Promise<void>((resolve, reject) => {
      decided = (error) => (error === undefined ? resolve() : reject(error as Error));
    });
    this.running = this.run(decided);
    await first;
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    clearTimeout(this.telling);
    await this.running;
  }

  /** Lets another instance relay: this one tries again when it had time to. */
  giveUp(): void {
    if (!this.leading) return;
    this.restUntil = Date.now() + GIVE_OTHERS;
    this.client?.end().catch(() => undefined);
  }

  /** Told together with what else is said in the same moment: a notification takes a lock of the whole cluster. */
  tell(changed: readonly string[], emitted: boolean): void {
    for (const id of changed) this.changed.add(id);
    this.emitted ||= emitted;
    this.telling ??= setTimeout(() => {
      this.telling = undefined;
      const ids = [...this.changed];
      this.changed.clear();
      while (ids.length > 0) this.hint({ changed: ids.splice(0, MOST_IN_A_WORD) });
      if (this.emitted) this.hint({ emitted: true });
      this.emitted = false;
    }, TELL_WITHIN);
  }

  /** @throws where it could not be said: nothing else tells whoever relays */
  async sayReplay(from: number, workspaceIds: readonly string[] | undefined): Promise<void> {
    if (!workspaceIds) await this.say({ replay: { from, workspace_ids: null } });
    else
      for (let start = 0; start < workspaceIds.length; start += MOST_IN_A_WORD)
        await this.say({ replay: { from, workspace_ids: workspaceIds.slice(start, start + MOST_IN_A_WORD) } });
  }

  private hint(word: Word): void {
    this.say(word).catch((error) => this.options.log.debug({ err: String(error) }, 'not told; the next look finds it'));
  }

  private async say(word: Word): Promise<void> {
    const { client } = this;
    if (!client) throw new Problem('unavailable', 'There is no connection to whoever relays.');
    await this.inTurn(() =>
      client.query('select pg_notify($1, $2)', [channelOf(this.options.schema), JSON.stringify(word)]),
    );
  }

  /** The connection takes one question at a time. */
  private inTurn<R>(ask: () => Promise<R>): Promise<R> {
    const mine = this.turn.then(ask);
    this.turn = mine.catch(() => undefined);
    return mine;
  }

  private async run(decided: (error?: unknown) => void): Promise<void> {
    const { schema, log } = this.options;
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        await this.session(decided);
      } catch (error) {
        decided(error);
        if (!signal.aborted)
          log.warn({ schema, err: String(error) }, 'relay: its connection was cut, again in a second');
      }
      if (this.leading) {
        this.leading = false;
        await this.options.onLost();
      }
      await sleep(LOOK_EVERY, undefined, { signal }).catch(() => undefined);
    }
  }

  /** As long as its connection holds. */
  private async session(decided: () => void): Promise<void> {
    const { connection, schema, onWord, onLead, log } = this.options;
    const { signal } = this.stopping;
    const client = new pg.Client({
      ...connection,
      application_name: `taskmaster relay ${schema}`,
      connectionTimeoutMillis: ANSWER_WITHIN,
      query_timeout: ANSWER_WITHIN,
      keepAlive: true,
    });
    client.on('error', () => undefined);
    client.on('notification', ({ payload }) => {
      const word = this.leading && readWord(payload);
      if (word) onWord(word);
    });
    await client.connect();
    try {
      await client.query(`listen ${channelOf(schema)}`);
      this.client = client;
      while (!signal.aborted) {
        if (this.leading) await this.inTurn(() => client.query('select 1'));
        else if (Date.now() >= this.restUntil && (await this.inTurn(() => isTaken(client, schema)))) {
          this.leading = true;
          log.info({ schema }, 'relay: this instance leads');
          // Beside the asking, which must not fall silent for as long as that takes.
          onLead().catch((error) => {
            log.warn({ schema, err: String(error) }, 'relay: it could not begin');
            this.giveUp();
          });
        } else if (await this.inTurn(() => endSilent(client, schema)))
          log.warn({ schema }, 'relay: a silent holder was ended');
        decided();
        await sleep(LOOK_EVERY, undefined, { signal }).catch(() => undefined);
      }
    } finally {
      this.client = undefined;
      await client.end().catch(() => undefined);
    }
  }
}

/** Whoever has a login may say something there: what is no word of ours is passed over. */
function readWord(payload: string | undefined): Word | undefined {
  try {
    return wordSchema.parse(JSON.parse(payload ?? ''));
  } catch {
    return undefined;
  }
}

const channelOf = (schema: string): string => `relay_${schema}`;

async function isTaken(client: pg.Client, schema: string): Promise<boolean> {
  const { rows } = await client.query<{ held: boolean }>('select pg_try_advisory_lock($1, hashtext($2)) as held', [
    RELAY_LOCK,
    schema,
  ]);
  return rows[0]?.held ?? false;
}

async function endSilent(client: pg.Client, schema: string): Promise<boolean> {
  const { rowCount } = await client.query(
    `select pg_terminate_backend(l.pid) from pg_locks l join pg_stat_activity a on a.pid = l.pid
     where l.locktype = 'advisory' and l.granted and l.objsubid = 2 and l.classid = $1::int::oid
       and l.objid = hashtext($2)::oid and l.database = (select oid from pg_database where datname = current_database())
       and a.state_change < now() - make_interval(secs => $3)`,
    [RELAY_LOCK, schema, SILENT_FOR],
  );
  return (rowCount ?? 0) > 0;
}
