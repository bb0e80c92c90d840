import fc from 'fast-check';

/** Changes with every run; a run that failed is repeated with `TEST_SEED=…`. */
export const seed = Number(process.env.TEST_SEED ?? Date.now() % 1_000_000);

/** Zones whose clocks do what few others do: half hours, a lost day, midnight gaps, winter time as the exception. */
const STRANGE = [
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'America/Sao_Paulo',
  'Europe/Dublin',
  'Africa/Casablanca',
  'Asia/Kathmandu',
];

/** Twenty zones drawn by the seed and six strange ones; every zone there is when `CI` is set. */
export function zonesForTests(): string[] {
  const all = Intl.supportedValuesOf('timeZone');
  if (process.env.CI) return all;
  return [...new Set([...STRANGE, ...fc.sample(fc.constantFrom(...all), { seed, numRuns: 20 })])];
}
