import { Problem } from '@taskmaster/contracts/problems';
import { LRUCache } from 'lru-cache';

export interface Limiter {
  /** @throws Problem rate_limited, with the seconds until there is room. */
  take(key: string): void;
}

/** A token bucket per key: so many a second, so many at once. */
export function createLimiter(rate: { perSecond: number; burst: number } | 'off'): Limiter {
  if (rate === 'off') return { take: () => undefined };
  const buckets = new LRUCache<string, { left: number; at: number }>({ max: 50_000 });
  return {
    take(key) {
      const now = Date.now();
      const bucket = buckets.get(key) ?? { left: rate.burst, at: now };
      const left = Math.min(rate.burst, bucket.left + ((now - bucket.at) / 1000) * rate.perSecond);
      if (left < 1) {
        buckets.set(key, { left, at: now });
        throw new Problem('rate_limited', undefined, undefined, {}, Math.ceil((1 - left) / rate.perSecond));
      }
      buckets.set(key, { left: left - 1, at: now });
    },
  };
}
