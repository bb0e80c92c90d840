import { Agent, request } from 'undici';
import { currentTrail } from '../telemetry.ts';

/** The sidecar, or what it speaks to, cannot do it now: no attempt of a handler, no fault of a caller. */
export class SidecarAway extends Error {
  readonly code = 'SIDECAR_AWAY';
}

export interface SidecarAnswer {
  status: number;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  text: string;
}

export interface SidecarClient {
  /** @throws SidecarAway where nothing answers; any status is an answer. */
  send(method: 'GET' | 'POST' | 'DELETE', path: string, options?: SendOptions): Promise<SidecarAnswer>;
  close(): Promise<void>;
}
export interface SendOptions {
  body?: unknown;
  /** The same, written already. */
  json?: string;
  headers?: Readonly<Record<string, string>>;
}

/** Milliseconds. A broker that is away lets a publish hang: then it is sent again, and passed over where it had arrived. */
const ANSWER_WITHIN = 10_000;
const CONNECTIONS = 64;

/** The HTTP API of the daprd beside this process. */
export function createSidecarClient({ url, token }: { url: string; token: string }): SidecarClient {
  const agent = new Agent({ connections: CONNECTIONS, keepAliveTimeout: 30_000, connect: { timeout: 2_000 } });
  return {
    async send(
      method,
      path,
      { body, json = body === undefined ? undefined : JSON.stringify(body), headers = {} } = {},
    ) {
      const traceparent = currentTrail()?.traceparent;
      try {
        const answer = await request(url + path, {
          method,
          dispatcher: agent,
          headersTimeout: ANSWER_WITHIN,
          bodyTimeout: ANSWER_WITHIN,
          headers: {
            'dapr-api-token': token,
            ...(json === undefined ? {} : { 'content-type': 'application/json' }),
            ...(traceparent ? { traceparent } : {}),
            ...headers,
          },
          ...(json === undefined ? {} : { body: json }),
        });
        return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() };
      } catch (error) {
        throw new SidecarAway(`The sidecar does not answer: ${String(error)}`);
      }
    },
    close: () => agent.close(),
  };
}

/** @throws SidecarAway where the answer is none of 2xx */
export function must(answer: SidecarAnswer, what: string): SidecarAnswer {
  if (answer.status < 200 || answer.status > 299)
    throw new SidecarAway(`${what}: ${answer.status} ${answer.text.slice(0, 500)}`);
  return answer;
}
