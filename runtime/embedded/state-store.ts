import type pg from 'pg';
import type { StateStore } from '../runtime.ts';

/** Dapr's state building block on one table: etags for first-write-wins, a time to live, create-if-absent. */
export function createStateStore(pool: pg.Pool, prefix: string): StateStore {
  const alive = '(expires_at is null or expires_at > now())';
  const ttl = (seconds?: number) => (seconds === undefined ? null : seconds);
  return {
    async get<V>(key: string) {
      const { rows } = await pool.query<{ value: V; etag: string }>({
        name: 'state_get',
        text: `select value, etag from runtime.state where key = $1 and ${alive}`,
        values: [prefix + key],
      });
      return rows[0];
    },
    async set(key, value, options = {}) {
      const values = [prefix + key, JSON.stringify(value), ttl(options.ttlSeconds), options.etag];
      const text =
        options.etag === undefined
          ? `insert into runtime.state (key, value, expires_at) values ($1, $2, now() + $3::float8 * interval '1 second')
             on conflict (key) do update set value = excluded.value, etag = gen_random_uuid(), expires_at = excluded.expires_at`
          : `update runtime.state set value = $2, etag = gen_random_uuid(), expires_at = now() + $3::float8 * interval '1 second'
             where key = $1 and etag = $4 and ${alive}`;
      const { rowCount } = await pool.query(text, options.etag === undefined ? values.slice(0, 3) : values);
      return rowCount === 1;
    },
    async createIfAbsent(key, value, ttlSeconds) {
      const { rowCount } = await pool.query({
        name: 'state_create',
        text: `insert into runtime.state as s (key, value, expires_at) values ($1, $2, now() + $3::float8 * interval '1 second')
               on conflict (key) do update set value = excluded.value, etag = gen_random_uuid(), expires_at = excluded.expires_at
               where s.expires_at is not null and s.expires_at <= now()`,
        values: [prefix + key, JSON.stringify(value), ttlSeconds],
      });
      return rowCount === 1;
    },
    async delete(key) {
      await pool.query('delete from runtime.state where key = $1', [prefix + key]);
    },
  };
}
