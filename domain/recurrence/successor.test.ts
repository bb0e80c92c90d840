import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { successorId } from '../ids.ts';
import type { Recurrence, Task } from '../task.ts';
import { instantOf, localOf } from '../time/zoned.ts';
import { seed, zonesForTests } from '../time/zones-for-tests.ts';
import { done, occurrence, SERIES } from './occurrence-for-tests.ts';
import { nextOccurrence, resumeAt, skipTo, successorOf } from './successor.ts';

const AT = '2027-01-01T00:00:00.000Z';

/** The slots of an occurrence and its followers, each done on its day or when said. */
function chain(first: Task, length: number, when: (task: Task) => string = (task) => task.slot ?? ''): string[] {
  const slots: string[] = [];
  for (
    let current: Task | null = first;
    current && slots.length < length;
    current = successorOf(done(current, when(current)), AT)
  )
    slots.push(current.slot ?? '');
  return slots;
}
const next = (pending: Task, completed: string, more: Partial<Task> = {}) =>
  nextOccurrence(done(pending, completed, more));
const nextSlot = (pending: Task, completed: string, more: Partial<Task> = {}) =>
  next(pending, completed, more)?.slot ?? null;

describe('monthly on the 29th to 31st', () => {
  it('clamps and comes back: 31 Jan, 28 Feb, 31 Mar', () => {
    expect(chain(occurrence('FREQ=MONTHLY', '2027-01-31'), 4)).toEqual([
      '2027-01-31',
      '2027-02-28',
      '2027-03-31',
      '2027-04-30',
    ]);
  });
  it('comes back from a clamped day that was moved and done late', () => {
    const february = occurrence({ rule: 'FREQ=MONTHLY;BYMONTHDAY=31', starts_on: '2027-01-31' }, '2027-02-28', {
      due_date: '2027-03-02',
    });
    expect(nextSlot(february, '2027-03-02')).toBe('2027-03-31');
  });
  it('skips short months where the series says so', () => {
    expect(chain(occurrence({ rule: 'FREQ=MONTHLY', month_end: 'skip' }, '2027-01-31'), 3)).toEqual([
      '2027-01-31',
      '2027-03-31',
      '2027-05-31',
    ]);
  });
  it('clamps 29 February', () => {
    expect(chain(occurrence('FREQ=YEARLY', '2024-02-29'), 5).at(-1)).toBe('2028-02-29');
    expect(chain(occurrence('FREQ=YEARLY', '2024-02-29'), 2).at(-1)).toBe('2025-02-28');
  });
});

describe('a change of clocks', () => {
  const daily = occurrence('FREQ=DAILY', '2026-03-28T02:30', { due_zone: 'Europe/Berlin' });
  it('moves a time in the gap to the first valid instant, and only that one', () => {
    const instants = chain(daily, 3).map((slot) => instantOf(slot.slice(0, 10), slot.slice(11), 'Europe/Berlin'));
    expect(instants).toEqual(['2026-03-28T01:30:00.000Z', '2026-03-29T01:00:00.000Z', '2026-03-30T00:30:00.000Z']);
  });
  it(`never makes the wall time drift, in zones drawn by ${seed}`, () => {
    for (const due_zone of zonesForTests()) {
      const weekly = occurrence('FREQ=WEEKLY', '2026-01-05T12:00', { due_zone });
      const times = chain(weekly, 30).map(
        (slot) => localOf(instantOf(slot.slice(0, 10), slot.slice(11), due_zone), due_zone).time,
      );
      expect([due_zone, ...new Set(times)]).toEqual([due_zone, '12:00']);
    }
  });
});

describe('overdue on a fixed schedule', () => {
  const weekly = (overdue: Recurrence['overdue']) => occurrence({ rule: 'FREQ=WEEKLY', overdue }, '2026-11-03');
  const daily9 = (overdue: Recurrence['overdue']) => occurrence({ rule: 'FREQ=DAILY', overdue }, '2026-11-03T09:00');

  it.each([
    ['next_future', '2026-11-20', '2026-11-24', 2],
    ['next_future', '2026-11-17', '2026-11-24', 2],
    ['next_future', '2026-11-03', '2026-11-10', 0],
    ['one_by_one', '2026-11-20', '2026-11-10', 0],
    ['one_by_one', '2027-11-20', '2026-11-10', 0],
    ['collapse', '2026-11-20', '2026-11-17', 1],
    ['collapse', '2026-11-17', '2026-11-17', 1],
    ['collapse', '2026-11-10', '2026-11-10', 0],
    ['collapse', '2026-11-09', '2026-11-10', 0],
    ['collapse', '2026-11-03', '2026-11-10', 0],
  ] as const)('%s, a week date done on %s, goes to %s and missed %i', (overdue, completed, slot, missed) => {
    expect(next(weekly(overdue), completed)).toMatchObject({ slot, due_date: slot, due_time: null, missed });
  });

  it.each([
    ['next_future', '2026-11-06T08:59', '2026-11-06T09:00', 2],
    ['next_future', '2026-11-06T09:00', '2026-11-07T09:00', 3],
    ['one_by_one', '2026-11-06T09:00', '2026-11-04T09:00', 0],
    ['collapse', '2026-11-06T08:59', '2026-11-05T09:00', 1],
    ['collapse', '2026-11-06T09:00', '2026-11-06T09:00', 2],
    ['collapse', '2026-11-04T08:00', '2026-11-04T09:00', 0],
  ] as const)('%s, a time done at %s, goes to %s and missed %i', (overdue, completed, slot, missed) => {
    expect(next(daily9(overdue), completed)).toMatchObject({ slot, due_time: '09:00', missed });
  });

  it('judges a date by the local day of the completion, whatever the hour', () => {
    expect(nextSlot(weekly('next_future'), '2026-11-10T00:00')).toBe('2026-11-17');
    expect(nextSlot(weekly('next_future'), '2026-11-09T23:59')).toBe('2026-11-10');
  });
  it('judges a time fixed in a zone by the clock there', () => {
    const lisbon = occurrence('FREQ=DAILY', '2026-11-03T09:00', { due_zone: 'Europe/Lisbon' });
    expect(nextSlot(lisbon, '2026-11-04T09:30', { completed_at: '2026-11-04T08:30:00Z' })).toBe('2026-11-04T09:00');
    expect(nextSlot(lisbon, '2026-11-04T10:30', { completed_at: '2026-11-04T09:30:00Z' })).toBe('2026-11-05T09:00');
  });
  it('does not count exclusions as missed', () => {
    const series = occurrence({ rule: 'FREQ=DAILY', except: ['2026-11-04', '2026-11-05'] }, '2026-11-03');
    expect(next(series, '2026-11-06')).toMatchObject({ slot: '2026-11-07', missed: 1 });
  });
  it('always goes on after the slot completed, and each mode lands where it says', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(
          'FREQ=DAILY',
          'FREQ=DAILY;INTERVAL=3',
          'FREQ=WEEKLY;BYDAY=TU,FR',
          'FREQ=MONTHLY',
          'FREQ=MONTHLY;BYDAY=-1FR',
        ),
        fc.constantFrom('next_future', 'one_by_one', 'collapse'),
        fc.integer({ min: -40, max: 200 }),
        fc.constantFrom('', 'T09:00'),
        (rule, overdue, later, time) => {
          const pending = occurrence({ rule, overdue }, `2026-10-31${time}`);
          const day = new Date(Date.UTC(2026, 9, 31 + later)).toISOString().slice(0, 10);
          const found = next(pending, `${day}T12:00`);
          expect(found).not.toBe(null);
          if (!found) return;
          expect(found.slot > (pending.slot ?? '')).toBe(true);
          const single = next(
            { ...pending, recurrence: { ...(pending.recurrence as Recurrence), overdue: 'one_by_one' } },
            day,
          );
          if (overdue === 'one_by_one') expect(found.missed).toBe(0);
          if (overdue === 'next_future') expect(found.slot > (time ? `${day}T12:00` : day)).toBe(true);
          if (overdue === 'collapse' && (single?.slot ?? '') <= (time ? `${day}T12:00` : day))
            expect(found.slot <= `${day}T12:00`).toBe(true);
          expect(found.missed === 0).toBe(found.slot === single?.slot);
        },
      ),
    );
  });
});

describe('completed early', () => {
  it('goes on strictly after the slot completed, never to that slot', () => {
    const friday = occurrence('FREQ=WEEKLY', '2026-11-27');
    expect(nextSlot(friday, '2026-11-23')).toBe('2026-12-04');
    expect(nextSlot(friday, '2026-01-01')).toBe('2026-12-04');
    expect(
      nextSlot(occurrence({ rule: 'FREQ=DAILY', overdue: 'collapse' }, '2026-11-27T18:00'), '2026-11-27T08:00'),
    ).toBe('2026-11-28T18:00');
  });
});

describe('moved by hand, then completed', () => {
  const friday = occurrence('FREQ=WEEKLY', '2026-11-27T09:00');
  it('goes on from the slot, not from where it was moved', () => {
    const moved = { ...friday, due_date: '2026-11-30', due_time: '15:00' };
    expect(next(moved, '2026-11-30T15:00')).toMatchObject({
      slot: '2026-12-04T09:00',
      due_date: '2026-12-04',
      due_time: '09:00',
    });
    expect(nextSlot({ ...friday, due_date: '2026-11-25' }, '2026-11-25')).toBe('2026-12-04T09:00');
  });
  it('stays without a time, or with one, as the series is', () => {
    expect(next({ ...friday, due_time: null }, '2026-11-27')?.due_time).toBe('09:00');
    expect(
      next({ ...occurrence('FREQ=WEEKLY', '2026-11-27'), due_time: '10:00', due_zone: 'Asia/Tokyo' }, '2026-11-27'),
    ).toMatchObject({
      due_time: null,
      due_zone: null,
    });
  });
  it('takes the zone from the series where only this occurrence got another', () => {
    const moved = { ...friday, due_zone: 'Asia/Tokyo', series_values: { due_zone: 'Europe/Lisbon' } };
    expect(next(moved, '2026-11-27')?.due_zone).toBe('Europe/Lisbon');
  });
});

describe('repeat from completion', () => {
  const every = (rule: string, due: string, more: object = {}) =>
    occurrence({ rule, from: 'completion', ...more }, due);
  it.each([
    ['FREQ=DAILY;INTERVAL=10', '2026-11-01', '2026-11-21', '2026-12-01'],
    ['FREQ=DAILY', '2026-11-21', '2026-11-21', '2026-11-22'],
    ['FREQ=WEEKLY;INTERVAL=2', '2026-11-03', '2026-11-05', '2026-11-19'],
    ['FREQ=MONTHLY', '2026-12-31', '2027-01-31', '2027-02-28'],
    ['FREQ=MONTHLY;INTERVAL=2', '2026-12-31', '2027-01-31', '2027-03-31'],
    ['FREQ=YEARLY', '2024-02-28', '2024-02-29', '2025-02-28'],
    ['FREQ=WEEKLY;BYDAY=FR', '2026-11-20', '2026-11-25', '2026-11-27'],
    ['FREQ=WEEKLY;BYDAY=FR', '2026-11-20', '2026-11-27', '2026-12-04'],
    ['FREQ=WEEKLY;INTERVAL=2;BYDAY=FR', '2026-11-20', '2026-11-20', '2026-12-04'],
    ['FREQ=WEEKLY;INTERVAL=2;BYDAY=FR', '2026-11-20', '2026-11-25', '2026-12-04'],
    ['FREQ=DAILY;INTERVAL=3;BYDAY=MO,TU,WE,TH,FR', '2026-11-18', '2026-11-19', '2026-11-23'],
  ])('%s, due %s, done on %s, comes on %s', (rule, due, completed, date) => {
    expect(next(every(rule, due), completed)).toMatchObject({ due_date: date, missed: 0 });
  });
  it('counts from the local day, not from the hour or the overdue mode', () => {
    const late = every('FREQ=DAILY;INTERVAL=10', '2026-11-01T09:00', { overdue: 'one_by_one' });
    expect(next(late, '2026-11-21T23:59')).toMatchObject({
      due_date: '2026-12-01',
      due_time: '09:00',
      slot: '2026-12-01T09:00',
    });
  });
  it('gives each occurrence a slot of its own, even if done early', () => {
    const early = every('FREQ=DAILY;INTERVAL=10', '2026-12-30');
    expect(next(early, '2026-12-10')).toMatchObject({ due_date: '2026-12-20', slot: '2026-12-31' });
    expect(next(early, '2026-12-20')).toMatchObject({ due_date: '2026-12-30', slot: '2026-12-31' });
    expect(next(early, '2026-12-21')).toMatchObject({ due_date: '2026-12-31', slot: '2026-12-31' });
    const slots = chain(
      every('FREQ=DAILY;INTERVAL=2', '2026-12-30'),
      12,
      (task) => `2026-12-${10 + (Number(task.slot?.slice(8)) % 3)}`,
    );
    expect(new Set(slots).size).toBe(12);
    expect(slots).toEqual([...slots].sort());
  });
  it('passes over exclusions to the next day of its kind', () => {
    expect(
      next(every('FREQ=DAILY;INTERVAL=10', '2026-11-01', { except: ['2026-12-01'] }), '2026-11-21')?.due_date,
    ).toBe('2026-12-02');
    expect(next(every('FREQ=WEEKLY', '2026-11-01', { except: ['2026-11-28'] }), '2026-11-21')?.due_date).toBe(
      '2026-12-05',
    );
  });
  it('counts completions, not slots', () => {
    const three = every('FREQ=DAILY;INTERVAL=10', '2026-11-01', { count: 3 });
    const second = next(three, '2026-12-25');
    expect(second?.recurrence.count).toBe(2);
    expect(chain(three, 9)).toHaveLength(3);
    expect(chain(every('FREQ=DAILY', '2026-11-01', { count: 1 }), 9)).toHaveLength(1);
  });
  it('ends with until', () => {
    expect(next(every('FREQ=DAILY;INTERVAL=10', '2026-11-01', { until: '2026-11-30' }), '2026-11-21')).toBe(null);
    expect(next(every('FREQ=DAILY;INTERVAL=10', '2026-11-01', { until: '2026-12-01' }), '2026-11-21')).not.toBe(null);
  });
});

describe('bounds', () => {
  it('end the series after COUNT slots, the same rule in each occurrence', () => {
    const three = occurrence('FREQ=WEEKLY;COUNT=3', '2026-11-24');
    expect(chain(three, 9)).toEqual(['2026-11-24', '2026-12-01', '2026-12-08']);
    expect(next(three, '2026-11-24')?.recurrence).toEqual(three.recurrence);
  });
  it('count slots that were missed', () => {
    const three = occurrence('FREQ=WEEKLY;COUNT=3', '2026-11-24');
    expect(next(three, '2026-12-01')).toMatchObject({ slot: '2026-12-08', missed: 1 });
    expect(next(three, '2026-12-08')).toBe(null);
    const collapsing = occurrence({ rule: 'FREQ=WEEKLY;COUNT=3', overdue: 'collapse' }, '2026-11-24');
    expect(next(collapsing, '2027-02-01')).toMatchObject({ slot: '2026-12-08', missed: 1 });
  });
  it('end with until and leave out exclusions', () => {
    expect(
      chain(occurrence({ rule: 'FREQ=WEEKLY', until: '2026-12-08', except: ['2026-12-01'] }, '2026-11-24'), 9),
    ).toEqual(['2026-11-24', '2026-12-08']);
  });
});

describe('skip', () => {
  it('moves to the next slot by the rules of a completion now', () => {
    const weekly = (overdue: Recurrence['overdue']) => occurrence({ rule: 'FREQ=WEEKLY', overdue }, '2026-11-03T09:00');
    expect(skipTo(weekly('next_future'), '2026-11-02T12:00')).toMatchObject({
      slot: '2026-11-10T09:00',
      due_date: '2026-11-10',
      due_time: '09:00',
      missed: 0,
    });
    expect(skipTo(weekly('next_future'), '2026-11-20T12:00')).toMatchObject({ slot: '2026-11-24T09:00', missed: 2 });
    expect(skipTo(weekly('one_by_one'), '2026-11-20T12:00')).toMatchObject({ slot: '2026-11-10T09:00', missed: 0 });
  });
  it('uses up COUNT: skipped slots count', () => {
    const two = occurrence('FREQ=WEEKLY;COUNT=2', '2026-11-24');
    const skipped = { ...two, ...skipTo(two, '2026-11-24T08:00') };
    expect(skipped.slot).toBe('2026-12-01');
    expect(skipTo(skipped, '2026-12-01T08:00')).toBe(null);
    expect(nextSlot(skipped, '2026-12-01')).toBe(null);
  });
  it('counts from today or the due date, whichever is later, where the series repeats from completion', () => {
    const plants = occurrence({ rule: 'FREQ=DAILY;INTERVAL=10', from: 'completion', count: 5 }, '2026-11-20');
    expect(skipTo(plants, '2026-11-25T08:00')?.due_date).toBe('2026-12-05');
    expect(skipTo(plants, '2026-11-15T08:00')?.due_date).toBe('2026-11-30');
    expect(skipTo(plants, '2026-11-25T08:00')?.recurrence.count).toBe(5);
  });
  it('says null for what does not repeat', () => {
    expect(skipTo({ ...occurrence('FREQ=DAILY', '2026-11-20'), recurrence: null }, '2026-11-20T08:00')).toBe(null);
  });
});

describe('pause', () => {
  const paused = occurrence({ rule: 'FREQ=WEEKLY', paused: true }, '2026-11-03T09:00');
  it('outlives a completion: the successor is paused too', () => {
    expect(next(paused, '2026-11-03')).toMatchObject({ slot: '2026-11-10T09:00', recurrence: { paused: true } });
  });
  it('ends on the first slot from today, and nothing was missed', () => {
    const resumed = resumeAt(paused, '2026-11-17');
    expect(resumed).toMatchObject({ slot: '2026-11-17T09:00', due_date: '2026-11-17', due_time: '09:00', missed: 0 });
    expect(resumed?.recurrence).not.toHaveProperty('paused');
  });
  it('ends where it was if the slot is still to come', () => {
    expect(resumeAt(paused, '2026-11-01')?.slot).toBe('2026-11-03T09:00');
  });
  it('ends today where the series repeats from completion, and never where it is over', () => {
    expect(
      resumeAt(
        occurrence({ rule: 'FREQ=DAILY;INTERVAL=9', from: 'completion', paused: true }, '2026-11-03'),
        '2026-11-20',
      )?.due_date,
    ).toBe('2026-11-20');
    expect(
      resumeAt(occurrence({ rule: 'FREQ=WEEKLY', paused: true, until: '2026-11-10' }, '2026-11-03'), '2026-11-20'),
    ).toBe(null);
  });
});

describe('the successor', () => {
  const pending = occurrence('FREQ=MONTHLY', '2027-01-31T09:00', { due_zone: 'Europe/Berlin', missed: 3 });
  const completed = done(pending, '2027-01-31T10:00', { successor_id: 'x', completed_at: '2027-01-31T09:00:00Z' });

  it('is a whole row: what the series is, and nothing of the completion', () => {
    expect(successorOf(completed, AT)).toEqual({
      ...pending,
      id: successorId(SERIES, '2027-01-31T09:00'),
      due_date: '2027-02-28',
      slot: '2027-02-28T09:00',
      predecessor_slot: '2027-01-31T09:00',
      missed: 0,
      completion_id: null,
      created_at: AT,
      updated_at: AT,
      version: 0,
    });
  });
  it('has one id for a slot, whoever completes it, when, how often and from where', () => {
    const elsewhere = done({ ...pending, title: 'Another title', due_date: '2027-02-03' }, '2027-02-20', {
      completion_id: 'other',
    });
    expect(successorOf(elsewhere, '2028-01-01T00:00:00Z')?.id).toBe(successorOf(completed, AT)?.id);
    expect(successorOf(done(pending, '2027-01-31T10:00'), AT)?.id).toBe(successorOf(completed, AT)?.id);
  });
  it('is the same row again after the completion was taken back and given again', () => {
    const reopened: Task = {
      ...completed,
      status: 'pending',
      completed_local: null,
      completed_at: null,
      completion_id: null,
      successor_id: null,
    };
    expect(reopened.slot).toBe(pending.slot);
    expect(successorOf(done(reopened, '2027-01-31T10:00'), AT)).toEqual(
      successorOf(done(pending, '2027-01-31T10:00'), AT),
    );
  });
  it('takes from the series what was edited in this occurrence alone', () => {
    const edited = {
      ...completed,
      title: 'Pay rent, twice this month',
      tags: ['bank', 'once'],
      priority: null,
      project_id: 'elsewhere',
      series_values: { title: 'Pay rent', tags: ['bank'], priority: 'high', project_id: 'project' },
    };
    expect(successorOf(edited, AT)).toEqual(successorOf(completed, AT));
  });
  it('takes registers from the series whole', () => {
    const place = { project_id: null, section_id: null, parent_id: null, position: 'b0' };
    const due = { due_date: '2027-01-31', due_time: '09:00', due_zone: 'Europe/Lisbon' };
    const edited = { ...completed, project_id: 'elsewhere', series_values: { place, due } };
    expect(successorOf(edited, AT)).toMatchObject({
      ...place,
      due_date: '2027-02-28',
      due_time: '09:00',
      due_zone: 'Europe/Lisbon',
      series_values: null,
    });
  });
  it('keeps what was edited for the series', () => {
    expect(successorOf({ ...completed, title: 'Pay more rent' }, AT)?.title).toBe('Pay more rent');
  });
  it('follows the rule of the series where this occurrence alone lost or changed it', () => {
    const once = { ...completed, recurrence: null, series_values: { recurrence: completed.recurrence } };
    expect(successorOf(once, AT)).toMatchObject({ slot: '2027-02-28T09:00', recurrence: completed.recurrence });
  });
  it('is none for a task that does not repeat', () => {
    expect(successorOf({ ...completed, recurrence: null }, AT)).toBe(null);
    expect(successorOf({ ...completed, series_id: null }, AT)).toBe(null);
    expect(successorOf({ ...completed, slot: null }, AT)).toBe(null);
  });
  it('counts itself out where the series has ended', () => {
    expect(successorOf(done(occurrence('FREQ=DAILY;COUNT=1', '2027-01-01'), '2027-01-01'), AT)).toBe(null);
  });
  it('shares no array with its predecessor', () => {
    expect(successorOf(completed, AT)?.tags).not.toBe(completed.tags);
  });
  it('is computed from the slot alone where no completion time is known', () => {
    expect(nextOccurrence({ ...completed, completed_local: null, completed_at: null })?.slot).toBe('2027-02-28T09:00');
  });
});
