import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Person, type RunningServices, runServices } from '../../../test/support/running-services.ts';

let services: RunningServices;
let ann: Person;
beforeAll(async () => {
  services = await runServices();
  ann = await services.person();
  const priorities = ['high', 'medium', 'low', null];
  for (let n = 0; n < 24; n++) {
    const due =
      n % 3 === 0
        ? {}
        : { due_date: `2027-03-${String((n % 9) + 10)}`, ...(n % 3 === 1 ? { due_time: `0${n % 9}:00` } : {}) };
    await ann.call('POST', '/api/tasks', {
      title: `task ${String.fromCharCode(97 + ((n * 7) % 24))}`,
      priority: priorities[n % 4],
      ...due,
    });
  }
});
afterAll(() => services.stop());

const titles = (answer: { json: { items: { title: string }[] } }) => answer.json.items.map((task) => task.title);

describe('a list', () => {
  const sorts = ['created', 'due_date', 'priority', 'title', 'manual'].flatMap((sort) =>
    ['asc', 'desc'].map((order) => [sort, order] as const),
  );

  it.each(sorts)('by %s %s is the same in pages as whole, each task once', async (sort, order) => {
    const whole = (await ann.call('GET', `/api/tasks?sort=${sort}&order=${order}&limit=200`)).json.items.map(
      (task: { id: string }) => task.id,
    );
    const paged: string[] = [];
    let cursor = '';
    for (;;) {
      const page = (
        await ann.call('GET', `/api/tasks?sort=${sort}&order=${order}&limit=5${cursor ? `&cursor=${cursor}` : ''}`)
      ).json;
      paged.push(...page.items.map((task: { id: string }) => task.id));
      if (page.next_cursor === null) break;
      cursor = page.next_cursor;
    }
    expect(paged).toEqual(whole);
    expect(new Set(whole).size).toBe(24);
  });

  it('puts what has no date last, whichever way it is sorted', async () => {
    for (const order of ['asc', 'desc']) {
      const dates = (await ann.call('GET', `/api/tasks?sort=due_date&order=${order}&limit=200`)).json.items.map(
        (task: { due_date: string | null }) => task.due_date,
      );
      expect(dates.slice(-8)).toEqual(Array(8).fill(null));
      const dated = dates.slice(0, -8);
      expect(dated).toEqual(order === 'asc' ? [...dated].sort() : [...dated].sort().reverse());
    }
  });

  it('sorts by priority high first, and takes no cursor of another order', async () => {
    const ranks = (await ann.call('GET', '/api/tasks?sort=priority&limit=200')).json.items.map(
      (task: { priority: string | null }) => task.priority,
    );
    expect([...new Set(ranks)]).toEqual(['high', 'medium', 'low', null]);
    const { next_cursor } = (await ann.call('GET', '/api/tasks?sort=priority&limit=2')).json;
    expect((await ann.call('GET', `/api/tasks?sort=title&limit=2&cursor=${next_cursor}`)).status).toBe(422);
  });

  it('counts days in the caller’s zone: due_after inclusive, due_before exclusive', async () => {
    await ann.call('POST', '/api/tasks', {
      title: 'tokyo morning',
      due_date: '2028-01-02',
      due_time: '08:00',
      due_zone: 'Asia/Tokyo',
    });
    await ann.call('POST', '/api/tasks', { title: 'that day', due_date: '2028-01-01' });
    const on = async (day: string, next: string) =>
      titles(await ann.call('GET', `/api/tasks?due_after=${day}&due_before=${next}&sort=title`));
    expect(await on('2028-01-01', '2028-01-02')).toEqual(['that day', 'tokyo morning']);
    expect(await on('2028-01-02', '2028-01-03')).toEqual([]);
    await ann.call('PATCH', '/api/me', { settings: { time_zone: 'Asia/Tokyo' } });
    expect(await on('2028-01-02', '2028-01-03')).toEqual(['tokyo morning']);
  });

  it('clamps a large limit, and refuses what it does not know', async () => {
    expect((await ann.call('GET', '/api/tasks?limit=100000')).status).toBe(200);
    expect((await ann.call('GET', '/api/tasks?limit=0')).status).toBe(422);
    expect((await ann.call('GET', '/api/tasks?colour=red')).status).toBe(422);
  });
});

describe('a search', () => {
  it('finds beginnings, typos of one letter, swapped letters, words of the notes; all words must be there', async () => {
    await ann.call('POST', '/api/tasks', { title: 'Quarterly Überweisung', notes: 'to the landlord in Straßburg' });
    for (const q of [
      'quart',
      'quarterly',
      'quartrely',
      'uberweisung',
      'überwesung',
      'landl',
      'quarterly landlord',
      'strassburg',
    ])
      expect([q, titles(await ann.call('GET', `/api/tasks?q=${encodeURIComponent(q)}`))]).toEqual([
        q,
        ['Quarterly Überweisung'],
      ]);
    expect(titles(await ann.call('GET', '/api/tasks?q=quarterly%20plumber'))).toEqual([]);
    expect(titles(await ann.call('GET', '/api/tasks?q=%25'))).toEqual([]);
  });

  it('finds short words with swapped letters, and nothing further off', async () => {
    await ann.call('POST', '/api/tasks', { title: 'Pay rent' });
    for (const q of ['pya rnet', 'pay rnet', 'pya', 'ernt', 'PYA Rent'])
      expect([q, titles(await ann.call('GET', `/api/tasks?q=${encodeURIComponent(q)}`))]).toEqual([q, ['Pay rent']]);
    for (const q of ['apy', 'pax', 'yap rent', 'pay tern'])
      expect([q, titles(await ann.call('GET', `/api/tasks?q=${encodeURIComponent(q)}`))]).toEqual([q, []]);
  });

  it('forgets words that an edit took away', async () => {
    const task = (await ann.call('POST', '/api/tasks', { title: 'zebra crossing' })).json;
    await ann.call('PATCH', `/api/tasks/${task.id}`, { title: 'pelican crossing' });
    expect(titles(await ann.call('GET', '/api/tasks?q=zebra'))).toEqual([]);
    expect(titles(await ann.call('GET', '/api/tasks?q=pelican'))).toEqual(['pelican crossing']);
  });
});
