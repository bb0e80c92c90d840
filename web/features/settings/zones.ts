/** The zones that this browser knows, with the one chosen even where it does not. */
export function zoneNames(chosen: string): string[] {
  const known = typeof Intl.supportedValuesOf === 'function' ? Intl.supportedValuesOf('timeZone') : [];
  return [...new Set([...known, 'UTC', chosen])].sort();
}
