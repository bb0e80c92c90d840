import { setTimeout as sleep } from 'node:timers/promises';
import { createSidecarClient, must } from './sidecar.ts';

/** Milliseconds that a sidecar gets to load its components. */
const WITHIN = 60_000;
const AGAIN = 250;

/**
 * The values of one secret of the sidecar's store, once there is a sidecar: a process and its sidecar start together.
 * @throws SidecarAway where it does not answer within a minute, or may not show it
 */
export async function readSecret(sidecar: { url: string; token: string }, store: string, name: string) {
  const http = createSidecarClient(sidecar);
  try {
    for (const until = Date.now() + WITHIN; ; await sleep(AGAIN)) {
      try {
        const answer = await http.send('GET', `/v1.0/secrets/${store}/${name}`);
        return JSON.parse(must(answer, `the secret ${name} cannot be read`).text) as Record<string, string>;
      } catch (error) {
        if (Date.now() > until) throw error;
      }
    }
  } finally {
    await http.close();
  }
}
