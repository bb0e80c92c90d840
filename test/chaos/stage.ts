import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { type SmtpSink, startSmtpSink } from '../support/smtp-sink.ts';
import { check } from './checker.ts';
import { watchMails } from './checks/mails.ts';
import { ApiClient, type Client, DeviceClient, newRecord, type Record, TwoDevices } from './clients.ts';
import { Listener } from './listener.ts';
import { type Person, signUp, waitFor } from './person.ts';
import { type Connection, databaseGone, freePort, type Program, startProgram, temporaryFolder } from './program.ts';
import { broken, type Rows, tableOf } from './promises.ts';
import { randomFrom } from './random.ts';
import { trailOf } from './trail.ts';

/** A data folder with people in it, to be copied: making it anew takes longer than what is tested in it. */
export interface Prepared {
  readonly data_dir: string;
  readonly people: readonly Person[];
  remove(): void;
}

export interface StageOptions {
  /** Holds `dist/main.js`. */
  readonly folder: string;
  readonly seed: number;
  readonly people?: number;
  readonly prepared?: Prepared;
  /** Of every start of the program. */
  readonly env?: Readonly<{ [name: string]: string }>;
  /** How the program begins where it is more than one process; it gets the settings for mail. Then it is not started by `start`. */
  readonly begin?: (env: Readonly<{ [name: string]: string }>) => Promise<Program>;
  /** Of the first start alone. */
  readonly first?: Readonly<{ [name: string]: string }>;
  readonly prefix?: readonly string[];
  /** Where another than the bundled database is used, or it is reached another way. */
  readonly connection?: Connection;
  readonly data_dir?: string;
  /** False: nothing goes out by mail, and no address is confirmed. */
  readonly mail?: false;
  /** Milliseconds, of the clock that the program and its database go by, where it is not the machine's. */
  readonly now?: () => number;
  /** Milliseconds that consumers get to catch up before a check. */
  readonly patience?: number;
  /** Milliseconds for which nothing may be left to do before a check, where something else than the database has events in hand. */
  readonly quiet?: number;
}

/**
 * A program with people who work on it, that dies and starts again; everything that its clients were told is written down.
 * The seed fixes what clients wish, not how processes interleave.
 */
export class Stage {
  readonly record: Record = newRecord();
  people: readonly Person[] = [];
  clients: readonly Client[] = [];
  private listeners: readonly Listener[] = [];
  program!: Program;
  /** When programs ended by force, and when nothing could be decided. */
  readonly deaths: number[] = [];
  readonly pauses: { from: number; to: number }[] = [];
  private downSince = Date.now();
  private heardAtMark = 0;

  private constructor(
    readonly options: StageOptions,
    public data_dir: string,
    readonly port: number,
    readonly sink: SmtpSink,
  ) {}

  static async open(options: StageOptions): Promise<Stage> {
    const data_dir = options.data_dir ?? temporaryFolder('stage');
    if (options.prepared) execFileSync('cp', ['-a', `${options.prepared.data_dir}/.`, data_dir]);
    const stage = new Stage(options, data_dir, await freePort(), await startSmtpSink());
    try {
      stage.program = options.begin ? await options.begin(stage.mail) : stage.spawn(options.first ?? {});
      await stage.program.ready();
      const people: Person[] = options.prepared?.people.map((person) => ({ ...person })) ?? [];
      while (people.length < (options.people ?? 4))
        people.push(
          await signUp(stage.url, `person-${people.length}`, options.mail === false ? undefined : stage.sink),
        );
      stage.people = people;
      const known = `select from notification.person where email_verified`;
      if (options.mail !== false) await waitFor(async () => (await stage.sql(known)).length >= people.length, 60_000);
      await watchMails(stage.connection);
      const now = options.now ?? Date.now;
      stage.clients = people.flatMap((person, index) => {
        const random = randomFrom(options.seed + 1 + index);
        return [
          ...Array.from({ length: 3 }, () => new ApiClient(person, random, stage.record, now)),
          new DeviceClient(person, random, stage.record, now),
          new TwoDevices(person, random, stage.record, now),
        ];
      });
      stage.listeners = people.map((person) => new Listener(person, stage.record));
      stage.pauses.length = 0;
      return stage;
    } catch (error) {
      await stage.close();
      throw error;
    }
  }

  get url(): string {
    return this.program.url;
  }
  get connection(): Connection {
    return this.options.connection ?? this.program.connection;
  }

  /** As the owner of the database. */
  async sql<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
    const client = new pg.Client(this.connection);
    client.on('error', () => undefined);
    await client.connect();
    return client
      .query<Row>(text, values)
      .then(({ rows }) => rows)
      .finally(() => client.end().catch(() => undefined));
  }

  /** The next life of the program; the last one must have ended. */
  start(env: Readonly<{ [name: string]: string }> = {}): Program {
    this.program = this.spawn(env);
    return this.program;
  }

  async kill(): Promise<void> {
    await this.program.kill();
  }

  /** Everybody works; who is turned away begins again, until told to stop or the program is gone. */
  async load(signal: AbortSignal): Promise<void> {
    const { program } = this;
    const listening = new AbortController();
    const ears = this.listeners.map((listener) => listener.listen(program.url, listening.signal));
    await Promise.all(
      this.clients.map(async (client) => {
        while (!signal.aborted && !program.hasEnded()) {
          await client.work(program.url, signal);
          await sleep(20);
        }
      }),
    ).finally(() => listening.abort());
    await Promise.all(ears);
  }

  /** Does something while everybody works. */
  async under<T>(work: () => Promise<T>): Promise<T> {
    const stop = new AbortController();
    const working = this.load(stop.signal);
    working.catch(() => undefined);
    try {
      return await work();
    } finally {
      stop.abort();
      await working;
    }
  }

  /** The program goes on in another data folder, which `fill` makes; it must not run. */
  async moveTo(data_dir: string, fill: (data_dir: string) => Promise<void>): Promise<void> {
    const left = this.data_dir;
    await databaseGone(left);
    await fill(data_dir);
    this.data_dir = data_dir;
    rmSync(left, { recursive: true, force: true, maxRetries: 5 });
    await this.start().ready();
    await watchMails(this.connection);
  }

  /** A moment to go back to with `rewind`. */
  mark(): number {
    this.heardAtMark = this.record.heard.length;
    return Date.now();
  }
  /** The server's history ends at that moment, or a little later: what clients were told since is to be told again. */
  rewind(since: number): void {
    for (const client of this.clients) client.rewind(since);
    this.record.heard.length = this.heardAtMark;
  }

  /** Ops that are sent by others than the clients here. */
  expect(ops: readonly string[]): void {
    for (const op of ops) this.record.known.add(op);
  }

  /** Everybody finds out what became of what they do not know, and puts it behind them. */
  async settle(): Promise<void> {
    await Promise.all(this.clients.map((client) => client.settle(this.url)));
    for (const client of this.clients) client.forget();
  }

  /** Everybody finds out what became of what they do not know; then everything is checked. */
  async findings(): Promise<Rows> {
    await Promise.all(this.clients.map((client) => client.settle(this.url)));
    const { url, connection, people, record, deaths, options, sink } = this;
    return check({
      url,
      connection,
      people,
      record,
      deaths,
      letters: sink.taken,
      ...(options.now ? {} : { pauses: this.pauses }),
      patience: options.patience ?? 90_000,
      ...(options.quiet ? { quiet: options.quiet } : {}),
    });
  }

  /** The first counterexample of each row that is broken, the trail of the first, and how to see it again. */
  async explain(rows: Rows): Promise<string[]> {
    const wrong = broken(rows);
    if (wrong.length === 0) return [];
    const lines = wrong.flatMap((name) => rows[name].found.slice(0, 3).map(({ what }) => `${name}: ${what}`));
    const id = wrong.flatMap((name) => rows[name].found.flatMap((found) => found.id ?? []))[0];
    const trail = id ? await trailOf(id, this.record, this.connection).catch((error) => `    ${error}`) : undefined;
    const again = `again: npm run proof -- --seed ${this.options.seed}`;
    return [...lines, ...(trail ? [`the trail of ${id}:\n${trail}`] : []), again];
  }

  table(rows: Rows, counts: Readonly<{ [what: string]: number }> = {}): string {
    const { attempts } = this.record;
    const of = (outcome: string) => attempts.filter((attempt) => attempt.outcome === outcome).length;
    const all = { ...counts, requests: attempts.length, acknowledged: of('acknowledged') };
    const head = Object.entries(all).map(([what, count]) => `${count} ${what}`);
    return `seed ${this.options.seed}: ${head.join(', ')}\n${tableOf(rows)}`;
  }

  async close(): Promise<void> {
    await this.program?.kill();
    if (!this.options.connection) await databaseGone(this.data_dir);
    await this.sink.stop();
    if (!this.options.data_dir) rmSync(this.data_dir, { recursive: true, force: true, maxRetries: 5 });
  }

  private get mail() {
    return { SMTP_URL: this.sink.url, MAIL_FROM: 'tasks@example.test' };
  }

  private spawn(env: Readonly<{ [name: string]: string }>): Program {
    const { folder, prefix = [] } = this.options;
    const usual = { BACKUP_KEEP: '0', ...(this.options.mail === false ? {} : this.mail) };
    const program = startProgram({
      folder,
      data_dir: this.data_dir,
      port: this.port,
      prefix,
      env: { ...usual, ...this.options.env, ...env },
    });
    const from = this.downSince;
    program.ready().then(
      () => this.pauses.push({ from, to: Date.now() }),
      () => undefined,
    );
    void program.gone.then(() => {
      this.downSince = from === this.downSince ? Date.now() : this.downSince;
      if (!program.endedInOrder()) this.deaths.push(Date.now());
    });
    return program;
  }
}

/** The first life of a place: an account for each, their addresses confirmed. */
export async function prepare(folder: string, people: number): Promise<Prepared> {
  const stage = await Stage.open({ folder, seed: 0, people, data_dir: temporaryFolder('prepared') });
  const { data_dir } = stage;
  await stage.program.stop();
  await stage.close();
  return {
    data_dir,
    people: stage.people,
    remove: () => rmSync(data_dir, { recursive: true, force: true, maxRetries: 5 }),
  };
}
