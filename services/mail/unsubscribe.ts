import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

/** Names one person and one purpose; whoever holds it can stop that person's reminders by mail, and nothing else. */
export function createUnsubscribe(secret: string) {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'taskmaster unsubscribe', 32));
  const sign = (userId: string): Buffer => createHmac('sha256', key).update(userId).digest();
  return {
    token: (userId: string): string => `${userId}.${sign(userId).toString('base64url')}`,
    /** @returns the person, or undefined where it was not made here */
    read(token: string): string | undefined {
      const [userId = '', signature = ''] = token.split('.');
      const given = Buffer.from(signature, 'base64url');
      const right = sign(userId);
      return given.length === right.length && timingSafeEqual(given, right) ? userId : undefined;
    },
  };
}
export type Unsubscribe = ReturnType<typeof createUnsubscribe>;
