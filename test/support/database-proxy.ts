import { once } from 'node:events';
import net from 'node:net';
import path from 'node:path';

/** A way to a PostgreSQL that can be cut: where everything is cut at once, or right after a COMMIT whose answer is then lost. */
export interface DatabaseProxy {
  readonly port: number;
  /** Cuts the client's side of every connection. The server keeps its own until it notices: `half` says it never does. */
  cut(how?: 'half'): void;
  /** Cuts the server's side of every connection, and lets the client hear nothing of it, nor of anything else. */
  mute(): void;
  /** Asked at each COMMIT that goes by, whether its answer shall be lost. */
  loseCommit(decide: (() => boolean) | undefined): void;
  /** COMMITs that the server confirmed and whose client never heard of it. */
  readonly lost: number;
  stop(): Promise<void>;
}

export async function startDatabaseProxy(to: { host: string; port: number }): Promise<DatabaseProxy> {
  const pairs = new Set<{ client: net.Socket; server: net.Socket }>();
  const left = new Set<net.Socket>();
  const muted = new Set<net.Socket>();
  let decide: (() => boolean) | undefined;
  let lost = 0;
  const proxy = net.createServer((client) => {
    const server = net.connect(path.join(to.host, `.s.PGSQL.${to.port}`));
    const pair = { client, server };
    pairs.add(pair);
    let losing = false;
    const end = () => {
      pairs.delete(pair);
      if (!muted.has(client)) client.destroy();
      if (!left.has(server)) server.destroy();
    };
    for (const socket of [client, server]) socket.on('error', end).on('close', end);
    const commits = commitsIn(() => {
      losing ||= decide?.() ?? false;
    });
    client.on('data', (bytes) => {
      commits(bytes);
      if (!muted.has(client)) server.write(bytes);
    });
    let answers = Buffer.alloc(0);
    server.on('data', (bytes) => {
      if (!losing) return void client.write(bytes);
      answers = Buffer.concat([answers, bytes]);
      if (!answers.includes(CONFIRMED)) return;
      lost++;
      end();
    });
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return {
    port: (proxy.address() as net.AddressInfo).port,
    get lost() {
      return lost;
    },
    cut(how) {
      for (const { client, server } of pairs) {
        if (how === 'half') left.add(server);
        client.destroy();
      }
    },
    mute() {
      for (const { client, server } of pairs) {
        muted.add(client);
        server.destroy();
      }
    },
    loseCommit(next) {
      decide = next;
    },
    async stop() {
      for (const { client } of pairs) client.destroy();
      for (const client of muted) client.destroy();
      for (const server of left) server.destroy();
      proxy.close();
      await once(proxy, 'close');
    },
  };
}

const CONFIRMED = Buffer.from('COMMIT\0');

/** Reads what a client sends, message by message, however it is cut: https://www.postgresql.org/docs/current/protocol-message-formats.html */
function commitsIn(seen: () => void): (bytes: Buffer) => void {
  let rest = Buffer.alloc(0);
  let started = false;
  return (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    for (;;) {
      const head = started ? 1 : 0;
      if (rest.length < head + 4) return;
      const size = head + rest.readUInt32BE(head);
      if (rest.length < size) return;
      const message = rest.subarray(0, size);
      rest = rest.subarray(size);
      if (started && isCommit(message)) seen();
      started = true;
    }
  };
}

/** The statement `commit` bound, as the program's transactions do, or the word itself. */
function isCommit(message: Buffer): boolean {
  const [portal = '', statement] = message.toString('latin1', 5).split('\0');
  const kind = String.fromCharCode(message[0] ?? 0);
  return kind === 'B' ? statement === 'commit' : kind === 'Q' && portal.trim().toLowerCase() === 'commit';
}
