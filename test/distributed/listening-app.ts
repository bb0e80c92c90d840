import { createServer, type IncomingHttpHeaders } from 'node:http';

export interface Call {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  // biome-ignore lint/suspicious/noExplicitAny: what came is looked at, not trusted
  readonly body: any;
  readonly at: number;
}

/** An app behind a sidecar that writes down what it is called with. */
export interface ListeningApp {
  readonly port: number;
  readonly calls: Call[];
  /** What it answers, 200 unless told; the call counts either way. */
  answers: (call: Call) => number;
  to(path: string): Call[];
  /** As a program that restarts: nobody listens on its port. */
  leave(): Promise<void>;
  comeBack(): Promise<void>;
}

export async function listeningApp(): Promise<ListeningApp> {
  const calls: Call[] = [];
  let port = 0;
  let server: ReturnType<typeof createServer>;
  const app: ListeningApp = {
    get port() {
      return port;
    },
    calls,
    answers: () => 200,
    to: (path) => calls.filter((call) => call.path === path),
    leave: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
    comeBack: () =>
      new Promise((resolve) => {
        // Longer than the sidecar keeps idle connections, so that it never writes into one that is being closed.
        server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
          let text = '';
          request.on('data', (chunk) => (text += chunk));
          request.on('end', () => {
            const path = request.url ?? '';
            const { method = '', headers } = request;
            const call: Call = { method, path, headers, body: read(text), at: Date.now() };
            const isAboutEvents = !['/ready', '/dapr/config', '/dapr/subscribe'].includes(path);
            // Any other answer than 404 would be read as a list of subscriptions.
            let status = path === '/dapr/subscribe' ? 404 : 200;
            let answer: object = { heard: true };
            if (Array.isArray(call.body?.entries))
              answer = { statuses: call.body.entries.map((one: Entry) => takeOne(call, one)) };
            else if (isAboutEvents) {
              calls.push(call);
              status = app.answers(call);
            }
            response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
          });
        }).listen(port, '127.0.0.1', () => {
          const address = server.address();
          port = typeof address === 'object' && address ? address.port : port;
          resolve();
        });
      }),
  };
  await app.comeBack();
  return app;

  /** Events come together; each counts as a call of its own. */
  function takeOne(of: Call, { entryId, event, metadata }: Entry) {
    const call = { ...of, headers: { ...of.headers, ...metadata }, body: event };
    calls.push(call);
    const status = app.answers(call);
    return { entryId, status: status === 200 ? 'SUCCESS' : status === 404 ? 'DROP' : 'RETRY' };
  }
}

interface Entry {
  readonly entryId: string;
  readonly event: unknown;
  readonly metadata: Readonly<Record<string, string>>;
}

function read(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
