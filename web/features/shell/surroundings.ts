import { useEffect } from 'react';
import { edit, useScreen } from '../../sync/store.ts';
import { newOp } from '../tasks/acts.tsx';

/** Light and dark as the person chose; without a choice as the system has it. */
export function useTheme(): void {
  const { theme } = useScreen().settings;
  useEffect(() => {
    if (theme === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  }, [theme]);
}

/** The first device of a person says where they are. */
export function useFirstZone(): void {
  const { view, person, loaded } = useScreen();
  const user = view.get('user', person.user_id);
  const isUntouched =
    loaded && user !== undefined && user.settings.time_zone === 'UTC' && user.created_at === user.updated_at;
  useEffect(() => {
    const time_zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (isUntouched && time_zone && time_zone !== 'UTC')
      void edit(newOp('update', 'user', person.user_id, { settings: { time_zone } }));
  }, [isUntouched, person.user_id]);
}
