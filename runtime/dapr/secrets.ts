import { setTimeout as sleep } from 'node:timers/promises';
import { createSidecar, must, type SidecarAnswer } from './sidecar.ts';

/** Milliseconds that a sidecar gets to load its components. */
const WITHIN = 60_000;
const AGAIN = 250;

/**
 * The values of one secret of the sidecar's store, once there is a sidecar: a process and its sidecar start together.
 * @throws SidecarAway where it does not answer within a minute, or may not show it
 */
export async function readSecret(sidecar: { url: string; token: string }, store: string, name: string) {
  const http = createSidecar(sidecar);
  try {
    for (const until = Date.now() + WITHIN; ; await sleep(AGAIN)) {
      const answer = await http.send('GET', `/v1.0/secrets/${store}/${name}`).catch((error: Error) => error);
      const isThere = !(answer instanceof Error) && answer.status === 200;
      if (isThere) return JSON.parse(answer.text) as Record<string, string>;
      if (Date.now() < until) continue;
      if (answer instanceof Error) throw answer;
      must(answer as SidecarAnswer, `the secret ${name} cannot be read`);
    }
  } finally {
    await http.close();
  }
}
