import pg from 'pg';

/** A statement with its values; one with a name is parsed once on each connection. */
export interface Sent {
  text: string;
  name?: string;
  values: readonly unknown[];
}

interface Part {
  text: string;
  name: string;
  values: unknown[];
  result: Result;
  resolve(result: pg.QueryResult): void;
  reject(error: unknown): void;
}

/** What pg has and its types leave out. */
interface Result extends pg.QueryResult {
  addFields(fields: unknown): void;
  parseRow(fields: unknown): unknown;
  addRow(row: unknown): void;
  addCommandComplete(message: unknown): void;
}
interface Wire {
  stream: { cork(): void; uncork(): void };
  parsedStatements: Record<string, string>;
  submittedNamedStatements: Record<string, string>;
  parse(message: { text: string; name: string }): void;
  bind(message: { statement: string; values: unknown[] }): void;
  describe(message: { type: 'P'; name: string }): void;
  execute(message: { portal: string }): void;
  sync(): void;
}
const { Result, utils } = pg as unknown as {
  Result: new (rowMode: undefined, types: unknown) => Result;
  utils: { prepareValue(value: unknown): unknown };
};

/** SQLSTATE in_failed_sql_transaction: also of what a flight no longer ran. */
export const IN_FAILED_TRANSACTION = '25P02';

/**
 * Statements that travel together: written in one system call with one Sync at their end, so that the server answers them in
 * one as well. (A Sync each, as pg's own pipeline has, made a command a fifth slower: the server flushes at every one.) After one
 * that fails the server runs none of the rest; those are refused with `IN_FAILED_TRANSACTION`.
 *
 * Rests on the interface by which pg lets others submit queries (pg-cursor, pg-query-stream do), and on
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-PIPELINING
 */
export class Flight implements pg.Submittable {
  private readonly parts: Part[] = [];
  private current = 0;
  private unreadable: unknown;

  constructor(private readonly types: unknown) {}

  /** To be called before the flight is submitted. */
  add({ text, name, values }: Sent): Promise<pg.QueryResult> {
    return new Promise((resolve, reject) => {
      const result = new Result(undefined, this.types);
      this.parts.push({ text, name: name ?? '', values: values.map(utils.prepareValue), result, resolve, reject });
    });
  }

  /** pg marks a statement as parsed by these two. */
  get name(): string | undefined {
    return this.parts[this.current]?.name;
  }
  get text(): string | undefined {
    return this.parts[this.current]?.text;
  }

  submit(connection: pg.Connection): void {
    const wire = connection as unknown as Wire;
    wire.stream.cork();
    for (const { text, name, values } of this.parts) {
      if (!name || !(wire.parsedStatements[name] ?? wire.submittedNamedStatements[name])) {
        wire.parse({ text, name });
        if (name) wire.submittedNamedStatements[name] = text;
      }
      wire.bind({ statement: name, values });
      wire.describe({ type: 'P', name: '' });
      wire.execute({ portal: '' });
    }
    wire.sync();
    wire.stream.uncork();
  }

  handleRowDescription(message: { fields: unknown }): void {
    this.parts[this.current]?.result.addFields(message.fields);
  }
  handleDataRow(message: { fields: unknown }): void {
    const result = this.parts[this.current]?.result;
    try {
      result?.addRow(result.parseRow(message.fields));
    } catch (error) {
      this.unreadable ??= error;
    }
  }
  handleCommandComplete(message: unknown): void {
    const part = this.parts[this.current++];
    part?.result.addCommandComplete(message);
    if (this.unreadable) part?.reject(this.unreadable);
    else part?.resolve(part.result);
    this.unreadable = undefined;
  }
  handleEmptyQuery(): void {
    this.handleCommandComplete({ text: '' });
  }
  /** Of the server's for the current statement, or of the connection's when it is lost. */
  handleError(error: unknown, connection: Wire): void {
    this.parts[this.current]?.reject(error);
    for (const { name, reject } of this.parts.slice(this.current + 1)) {
      delete connection.submittedNamedStatements[name];
      reject(Object.assign(new Error('Not run: a statement before it failed.'), { code: IN_FAILED_TRANSACTION }));
    }
    this.current = this.parts.length;
  }
  handleReadyForQuery(): void {}
}
