import { dateOfNumber, numberOf } from './calendar.ts';

export { addDays, daysBetween, isDate, isTime, weekdayOf } from './calendar.ts';

/**
 * Wall clocks and instants, by the zone data of the machine (IANA, through Intl). Every conversion goes through one cache:
 * for a zone and a day of UTC, the offset if it is the same at both ends of that day. So a list of ten thousand tasks asks
 * Intl a few hundred times, and a day on which clocks change is always asked.
 */

const DAY = 86_400_000;
const MINUTE = 60_000;

interface Zone {
  format: Intl.DateTimeFormat;
  offsetByDay: Map<number, number | null>;
}

const zonesByName = new Map<string, Zone | null>();

function zoneOf(name: string): Zone | null {
  const known = zonesByName.get(name);
  if (known !== undefined) return known;
  const zone = openZone(name);
  if (zonesByName.size < 2000) zonesByName.set(name, zone);
  return zone;
}

function openZone(name: string): Zone | null {
  if (!/^[A-Za-z]/.test(name)) return null;
  try {
    const format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    return { format, offsetByDay: new Map() };
  } catch {
    return null;
  }
}

/** True for a name of the IANA data. Offsets (`+01:00`) are none: they do not know when clocks change. */
export const isZone = (name: string): boolean => zoneOf(name) !== null;

function askOffset(zone: Zone, epoch: number): number {
  const [month, day, year, hour, minute, second] = (zone.format.format(epoch).match(/\d+/g) ?? []).map(Number);
  const wall = Date.UTC(year ?? 1970, (month ?? 1) - 1, day ?? 1, hour ?? 0, minute ?? 0, second ?? 0);
  return wall - Math.floor(epoch / 1000) * 1000;
}

/** Milliseconds that wall clocks in the zone are ahead of UTC at an instant. */
function offsetAt(zone: Zone, epoch: number): number {
  const day = Math.floor(epoch / DAY);
  let offset = zone.offsetByDay.get(day);
  if (offset === undefined) {
    const from = askOffset(zone, day * DAY);
    offset = from === askOffset(zone, (day + 1) * DAY) ? from : null;
    if (zone.offsetByDay.size > 5000) zone.offsetByDay.clear();
    zone.offsetByDay.set(day, offset);
  }
  return offset ?? askOffset(zone, epoch);
}

const toEpoch = (instant: string | Date | number): number =>
  typeof instant === 'number' ? instant : typeof instant === 'string' ? Date.parse(instant) : instant.getTime();

const pad2 = (value: number): string => (value < 10 ? `0${value}` : `${value}`);

/** Date and time (whole minutes, rounded down) on the wall clocks of a zone. An unknown zone is read as UTC. */
export function localOf(instant: string | Date | number, zone: string): { date: string; time: string } {
  const epoch = toEpoch(instant);
  const known = zoneOf(zone);
  const wall = known ? epoch + offsetAt(known, epoch) : epoch;
  const day = Math.floor(wall / DAY);
  const minutes = Math.floor((wall - day * DAY) / MINUTE);
  return { date: dateOfNumber(day), time: `${pad2(Math.floor(minutes / 60))}:${pad2(minutes % 60)}` };
}

/**
 * The instant at which wall clocks in a zone show a date and time, in milliseconds. A time that clocks skip is the first
 * instant after the gap; a time that they show twice is the first of the two. An unknown zone is read as UTC.
 */
export function epochOf(date: string, time: string, zone: string): number {
  const wall = numberOf(date) * DAY + (Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5))) * MINUTE;
  const known = zoneOf(zone);
  if (!known) return wall;
  const before = offsetAt(known, wall - DAY);
  if (offsetAt(known, wall - before) === before) return wall - before;
  const after = offsetAt(known, wall + DAY);
  if (offsetAt(known, wall - after) === after) return wall - after;
  return firstAfterGap(known, wall, wall - after, wall - before);
}

/** The instant between two at which the clock jumps over `wall`, to the second. */
function firstAfterGap(zone: Zone, wall: number, low: number, high: number): number {
  let before = Math.floor(low / 1000) - 1;
  let after = Math.ceil(high / 1000) + 1;
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (middle * 1000 + askOffset(zone, middle * 1000) < wall) before = middle;
    else after = middle;
  }
  return after * 1000;
}

/** As `epochOf`, spelled RFC 3339 in UTC with milliseconds: `2026-12-01T08:00:00.000Z`. */
export const instantOf = (date: string, time: string, zone: string): string =>
  new Date(epochOf(date, time, zone)).toISOString();

/** True if wall clocks in the zone were changed between the same time of two dates. */
export const clocksChange = (from: string, to: string, time: string, zone: string): boolean =>
  epochOf(to, time, zone) - epochOf(from, time, zone) !== (numberOf(to) - numberOf(from)) * DAY;
