import type { QuickAddContext } from '@taskmaster/domain/quick-add/parse';
import { useMemo } from 'react';
import { useScreen } from '../../sync/store.ts';

/** Where and when the person reads who types here: what the parser needs to know. */
export function useReader(): QuickAddContext {
  const { settings, today, time } = useScreen();
  return useMemo(
    () => ({
      today,
      now: time,
      zone: settings.time_zone,
      week_start: settings.week_start,
      locale: settings.locale,
    }),
    [today, time, settings],
  );
}
