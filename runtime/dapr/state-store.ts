import type { StateStore } from '../runtime.ts';
import { must, SidecarAway, type SidecarClient } from './sidecar.ts';

/** Dapr's state building block, in a component that keeps etags and a time to live. Keys are this app's own. */
export function createDaprStateStore(sidecar: SidecarClient, component: string): StateStore {
  const path = `/v1.0/state/${component}`;
  const at = (key: string) => `${path}/${encodeURIComponent(key)}`;

  async function write(
    key: string,
    value: unknown,
    etag: string | undefined,
    ttlSeconds: number | undefined,
    first: boolean,
  ) {
    const item = {
      key,
      value,
      ...(etag === undefined ? {} : { etag }),
      options: { concurrency: first ? 'first-write' : 'last-write', consistency: 'strong' },
      ...(ttlSeconds === undefined ? {} : { metadata: { ttlInSeconds: String(Math.max(1, Math.ceil(ttlSeconds))) } }),
    };
    const answer = await sidecar.send('POST', path, { body: [item] });
    if (answer.status === 409 || (first && LOST.test(answer.text))) return false;
    // Redis' component says of a key that is there nothing but that it failed.
    if (first && etag === undefined && answer.status === 500 && (await get(key))) return false;
    must(answer, 'state not written');
    return true;
  }

  async function get<V>(key: string) {
    const answer = await sidecar.send('GET', at(key));
    if (answer.status === 204) return undefined;
    const { text, headers } = must(answer, 'state not read');
    if (typeof headers.etag !== 'string') throw new SidecarAway('A state came without its etag.');
    return { value: JSON.parse(text) as V, etag: headers.etag };
  }

  return {
    get,
    // To Dapr an empty etag is none: it would overwrite whatever is there.
    set: async (key, value, { etag, ttlSeconds } = {}) =>
      etag !== '' && write(key, value, etag, ttlSeconds, etag !== undefined),
    createIfAbsent: (key, value, ttlSeconds) => write(key, value, undefined, ttlSeconds, true),
    async delete(key) {
      must(await sidecar.send('DELETE', at(key)), 'state not deleted');
    },
  };
}

/** How PostgreSQL's component says, as a 500, that somebody was first. */
const LOST = /no item was updated|etag mismatch/i;
