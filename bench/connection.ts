import net from 'node:net';
import type { Person } from '../test/chaos/person.ts';

export interface Reply {
  readonly status: number;
  readonly body: string;
}

/** One kept-alive HTTP/1.1 connection with one request at a time: as little work as a load can be, on the same cores. */
export class HttpConnection {
  private buffer = '';
  private waiting: { resolve(reply: Reply): void; reject(error: Error): void } | undefined;

  private constructor(
    private readonly socket: net.Socket,
    private readonly host: string,
  ) {
    socket.setNoDelay(true).setEncoding('latin1');
    socket.on('data', (chunk) => this.take(String(chunk)));
    const fail = () => this.waiting?.reject(new Error('The connection was closed.'));
    socket.on('error', fail);
    socket.on('close', fail);
  }

  static open(url: string): Promise<HttpConnection> {
    const { hostname, port, host } = new URL(url);
    return new Promise((resolve, reject) => {
      const socket = net.connect(Number(port), hostname, () => resolve(new HttpConnection(socket, host)));
      socket.once('error', reject);
    });
  }

  send(person: Person, method: string, path: string, body?: object): Promise<Reply> {
    const text = body === undefined ? '' : JSON.stringify(body);
    const length =
      text === '' ? '' : `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\n`;
    this.socket.write(
      `${method} ${path} HTTP/1.1\r\nhost: ${this.host}\r\nauthorization: Bearer ${person.token}\r\n${length}\r\n${text}`,
    );
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject };
    });
  }

  close(): void {
    this.waiting = undefined;
    this.socket.destroy();
  }

  private take(chunk: string): void {
    this.buffer += chunk;
    const end = this.buffer.indexOf('\r\n\r\n');
    if (end < 0) return;
    const head = this.buffer.slice(0, end);
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
    if (this.buffer.length < end + 4 + length) return;
    const body = this.buffer.slice(end + 4, end + 4 + length);
    this.buffer = this.buffer.slice(end + 4 + length);
    const { waiting } = this;
    this.waiting = undefined;
    waiting?.resolve({ status: Number(head.slice(9, 12)), body });
  }
}

/** @throws on any answer that is not 2xx: a load of refusals measures nothing. */
export async function mustSend(
  connection: HttpConnection,
  person: Person,
  method: string,
  path: string,
  body?: object,
): Promise<Reply> {
  const reply = await connection.send(person, method, path, body);
  if (reply.status >= 300) throw new Error(`${method} ${path}: ${reply.status} ${reply.body.slice(0, 300)}`);
  return reply;
}
