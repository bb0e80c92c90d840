import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { describe, expect, it } from 'vitest';
import { clocksChange, epochOf, instantOf, isZone, localOf } from './zoned.ts';
import { seed, zonesForTests } from './zones-for-tests.ts';

const zones = zonesForTests();

describe('zones', () => {
  it.each(['Europe/Berlin', 'UTC', 'America/Argentina/Buenos_Aires', 'Etc/GMT+1'])('%s is one', (name) => {
    expect(isZone(name)).toBe(true);
  });
  it.each(['Mars/Base', '+01:00', '-05:00', 'GMT+1', '', 'Europe/Berlin ', '__proto__'])('%j is none', (name) => {
    expect(isZone(name)).toBe(false);
  });
});

describe('wall clock to instant', () => {
  it('is plain arithmetic where clocks do not change', () => {
    expect(instantOf('2026-12-01', '09:00', 'Europe/Berlin')).toBe('2026-12-01T08:00:00.000Z');
    expect(instantOf('2026-06-01', '09:00', 'Asia/Kathmandu')).toBe('2026-06-01T03:15:00.000Z');
  });
  it('gives the first valid instant for a time that clocks skip', () => {
    expect(instantOf('2026-03-29', '02:30', 'Europe/Berlin')).toBe('2026-03-29T01:00:00.000Z');
    expect(instantOf('2026-03-29', '02:00', 'Europe/Berlin')).toBe('2026-03-29T01:00:00.000Z');
    expect(instantOf('2026-03-29', '03:00', 'Europe/Berlin')).toBe('2026-03-29T01:00:00.000Z');
    expect(instantOf('2026-10-04', '02:15', 'Australia/Lord_Howe')).toBe('2026-10-03T15:30:00.000Z');
  });
  it('gives the first of the two for a time that clocks show twice', () => {
    expect(instantOf('2026-10-25', '02:30', 'Europe/Berlin')).toBe('2026-10-25T00:30:00.000Z');
    expect(instantOf('2026-10-25', '03:00', 'Europe/Berlin')).toBe('2026-10-25T02:00:00.000Z');
    expect(instantOf('2026-11-01', '01:00', 'America/New_York')).toBe('2026-11-01T05:00:00.000Z');
  });
  it('finds the end of a gap of a whole day, and of one at midnight', () => {
    expect(instantOf('2011-12-30', '12:00', 'Pacific/Apia')).toBe('2011-12-30T10:00:00.000Z');
    expect(instantOf('2018-11-04', '00:00', 'America/Sao_Paulo')).toBe('2018-11-04T03:00:00.000Z');
  });
  it('tells whether clocks change between two dates', () => {
    expect(clocksChange('2026-03-26', '2026-04-09', '16:00', 'Europe/Berlin')).toBe(true);
    expect(clocksChange('2026-04-09', '2026-04-23', '16:00', 'Europe/Berlin')).toBe(false);
  });
  it('reads an unknown zone as UTC rather than failing', () => {
    expect(instantOf('2026-12-01', '09:00', 'Mars/Base')).toBe('2026-12-01T09:00:00.000Z');
    expect(localOf('2026-12-01T09:00:59.999Z', 'Mars/Base')).toEqual({ date: '2026-12-01', time: '09:00' });
  });
});

describe(`in ${zones.length} zones drawn by ${seed}`, () => {
  const minutes = fc.integer({ min: Date.UTC(1975, 0) / 60_000, max: Date.UTC(2060, 0) / 60_000 });

  it('an instant shows what Temporal shows', () => {
    for (const zone of zones) {
      fc.assert(
        fc.property(minutes, (minute) => {
          const { date, time } = localOf(minute * 60_000, zone);
          const wall = Temporal.Instant.fromEpochMilliseconds(minute * 60_000)
            .toZonedDateTimeISO(zone)
            .toPlainDateTime();
          expect(`${date}T${time}`).toBe(wall.toString({ smallestUnit: 'minute' }));
        }),
        { seed, numRuns: 12 },
      );
    }
  });

  it('a wall clock comes back from its instant, around every change of clocks too', () => {
    for (const zone of zones) for (const epoch of aroundChanges(zone)) checkWall(epoch, zone);
  });
});

/** Every quarter of an hour in the three hours around the next changes of clocks. */
function* aroundChanges(zone: string): Generator<number> {
  let at: Temporal.ZonedDateTime | null = Temporal.Instant.from(
    seed % 2 ? '2007-01-01T00:00Z' : '2024-01-01T00:00Z',
  ).toZonedDateTimeISO(zone);
  for (let n = 0; n < 3; n++) {
    at = at.getTimeZoneTransition('next');
    if (at === null || at.epochMilliseconds > Date.UTC(2037, 0)) return;
    const offset = at.offsetNanoseconds / 1e6;
    for (let quarter = -12; quarter <= 12; quarter++) yield at.epochMilliseconds + offset + quarter * 900_000;
  }
}

function checkWall(wall: number, zone: string): void {
  const text = new Date(wall).toISOString().slice(0, 16);
  const [date = '', time = ''] = text.split('T');
  const plain = Temporal.PlainDateTime.from(text);
  const earlier = plain.toZonedDateTime(zone, { disambiguation: 'earlier' });
  const later = plain.toZonedDateTime(zone, { disambiguation: 'later' });
  const instant = epochOf(date, time, zone);
  const isGap = earlier.toPlainDateTime().toString() !== plain.toString();
  if (!isGap) {
    expect([zone, text, instant]).toEqual([zone, text, earlier.epochMilliseconds]);
    return;
  }
  const shown = localOf(instant, zone);
  const justBefore = localOf(instant - 1000, zone);
  expect([zone, text, `${shown.date}T${shown.time}` > text, `${justBefore.date}T${justBefore.time}` < text]).toEqual([
    zone,
    text,
    true,
    true,
  ]);
  expect(instant).toBeLessThanOrEqual(later.epochMilliseconds);
}
