import type { Notification } from '@taskmaster/contracts/http/notifications';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Bell, type News } from './bell.ts';
import { ServerRefusal } from './transport.ts';

const USER = 'lena';
const told = (id: string, values: Partial<Notification> = {}): Notification => ({
  id,
  user_id: USER,
  task_id: `task of ${id}`,
  notification_type: 'reminder',
  message: `Title of ${id}`,
  entries: null,
  due_at: new Date().toISOString(),
  sent_at: new Date().toISOString(),
  delivery_status: 'delivered',
  read_at: null,
  late_reason: null,
  ...values,
});

/** A server with a list, and tabs of one browser that share a storage. */
class House {
  items: Notification[] = [];
  asked: string[] = [];
  isAway = false;
  private readonly kept = new Map<string, string>();
  private readonly locks = new Map<string, Promise<unknown>>();
  readonly storage = {
    getItem: (key: string) => this.kept.get(key) ?? null,
    setItem: (key: string, value: string) => void this.kept.set(key, value),
    removeItem: (key: string) => void this.kept.delete(key),
  };
  request = async (name: string, work: () => Promise<unknown>) => {
    const mine = (this.locks.get(name) ?? Promise.resolve()).catch(() => undefined).then(work);
    this.locks.set(name, mine);
    return mine;
  };
  ask = async (path: string, init: { method?: string } = {}): Promise<Response> => {
    await Promise.resolve();
    if (this.isAway) throw new ServerRefusal(0, 'unreachable', undefined);
    this.asked.push(`${init.method ?? 'GET'} ${path}`);
    const id = /notifications\/(.+)\/mark_read/.exec(path)?.[1];
    const isAll = path.endsWith('mark_all_read');
    this.items = this.items.map((one) =>
      (isAll || one.id === id) && !one.read_at ? { ...one, read_at: new Date().toISOString() } : one,
    );
    const unread = this.items.filter((one) => !one.read_at && one.delivery_status === 'delivered').length;
    return Response.json({ items: this.items, unread, next_cursor: null });
  };
  tab() {
    const news: News[] = [];
    const bell = new Bell({
      user_id: USER,
      changed: () => undefined,
      fresh: (fresh) => news.push(...fresh),
      ask: this.ask as never,
      storage: this.storage,
    });
    return { bell, news };
  }
  ring(one: Notification) {
    this.items = [one, ...this.items];
    return { t: 'bell' as const, unread: this.items.filter((each) => !each.read_at).length, fresh: [one] };
  }
}

let house: House;
beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse('2026-03-10T10:00:00Z') });
  house = new House();
  vi.stubGlobal('navigator', { locks: { request: house.request } });
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});
const soon = () => vi.advanceTimersByTimeAsync(1_000);

describe('the bell', () => {
  test('shows what the socket says at once, asks once for many rings, and says each thing once', async () => {
    const { bell, news } = house.tab();
    bell.rang(house.ring(told('a')));
    bell.rang(house.ring(told('b')));
    expect(bell.state.unread).toBe(2);
    expect(bell.state.items.map((one) => one.id)).toEqual(['b', 'a']);
    await soon();
    expect(house.asked).toEqual(['GET /api/notifications?limit=50']);
    expect(news.map((one) => one.id)).toEqual(['a', 'b']);
  });

  test('is asked for by one tab for all', async () => {
    const tabs = [house.tab(), house.tab(), house.tab()];
    const frame = house.ring(told('a'));
    for (const { bell } of tabs) bell.rang(frame);
    await soon();
    expect(house.asked).toHaveLength(1);
    for (const { bell } of tabs) expect(bell.state.items[0]).toEqual(house.items[0]);
  });

  test('counts what is read here at once, and tells the server', async () => {
    const { bell } = house.tab();
    bell.rang(house.ring(told('a')));
    await soon();
    bell.markRead(['a']);
    expect(bell.state.unread).toBe(0);
    expect(bell.state.items[0]?.read_at).not.toBeNull();
    await soon();
    expect(house.items[0]?.read_at).not.toBeNull();
    expect(bell.state).toMatchObject({ unread: 0, waiting: 0 });
  });

  test('keeps what the socket said where the list cannot be asked for, and what is done with it at once', async () => {
    const { bell } = house.tab();
    bell.joined();
    await soon();
    house.isAway = true;
    bell.rang(house.ring(told('a')));
    await soon();
    expect(bell.state).toMatchObject({ unread: 1, isAway: true });
    expect(house.tab().bell.state.unread).toBe(1);
    house.isAway = false;
    bell.rang(house.ring(told('b')));
    await vi.advanceTimersByTimeAsync(119);
    bell.markRead(['b']);
    await soon();
    expect(house.items.find((one) => one.id === 'b')?.read_at).not.toBeNull();
    expect(bell.state).toMatchObject({ unread: 1, waiting: 0 });
  });

  test('keeps what the socket said over a list that another tab asked for before', async () => {
    const [a, b] = [house.tab().bell, house.tab().bell];
    b.joined();
    await soon();
    const before = JSON.parse(house.storage.getItem('taskmaster.bell') ?? '');
    a.rang(house.ring(told('a')));
    house.storage.setItem('taskmaster.bell', JSON.stringify({ ...before, asked_at: Date.now() }));
    house.isAway = true;
    await soon();
    expect(a.state.unread).toBe(1);
  });

  test('keeps what was read while nobody answered, over a reload too', async () => {
    const { bell } = house.tab();
    bell.rang(house.ring(told('a')));
    await soon();
    house.isAway = true;
    bell.markRead(['a']);
    await soon();
    expect(bell.state).toMatchObject({ unread: 0, waiting: 1, isAway: true });
    bell.stop();
    const again = house.tab().bell;
    expect(again.state).toMatchObject({ unread: 0, waiting: 1 });
    house.isAway = false;
    again.joined();
    await soon();
    expect(house.items[0]?.read_at).not.toBeNull();
    expect(again.state).toMatchObject({ unread: 0, waiting: 0, isAway: false });
  });

  test('marks all read in one request, and one by one where nobody answers', async () => {
    const { bell } = house.tab();
    for (const id of ['a', 'b', 'c', 'd', 'e']) bell.rang(house.ring(told(id)));
    await soon();
    house.asked = [];
    void bell.markAllRead();
    expect(bell.state.unread).toBe(0);
    await soon();
    expect(house.asked).toEqual(['POST /api/notifications/mark_all_read', 'GET /api/notifications?limit=50']);
    bell.rang(house.ring(told('f')));
    await soon();
    house.isAway = true;
    void bell.markAllRead();
    await soon();
    // Told to nobody yet: what comes meanwhile must not be taken for read.
    house.items = [told('g'), ...house.items];
    house.isAway = false;
    bell.joined();
    await soon();
    expect(bell.state.unread).toBe(1);
  });

  test('tells of what came while the line was down, not of what came long ago', async () => {
    const { bell, news } = house.tab();
    house.items = [told('now'), told('old', { sent_at: '2026-03-10T09:00:00.000Z' })];
    bell.joined();
    await soon();
    expect(news.map((one) => one.id)).toEqual(['now']);
    expect(bell.state.unread).toBe(2);
  });

  test('is nobody else’s, and leaves nothing behind', async () => {
    const { bell } = house.tab();
    bell.rang(house.ring(told('a')));
    await soon();
    const other = new Bell({
      user_id: 'ben',
      changed: () => undefined,
      fresh: () => undefined,
      ask: house.ask as never,
      storage: house.storage,
    });
    expect(other.state.items).toEqual([]);
    bell.destroy();
    expect(house.storage.getItem('taskmaster.bell')).toBeNull();
  });
});
