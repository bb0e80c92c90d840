import type { Me } from '@taskmaster/contracts/http/me';
import type { About } from '@taskmaster/contracts/http/service';
import type { Settings } from '@taskmaster/domain/task';
import { useScreen } from '../../sync/store.ts';
import { tellServer, useServerAnswer } from '../shell/server-only.ts';

/** Shown where the place sends mail: whether the address is known to be one's own, and whether reminders go there. */
export function Mail({ settings, change }: { settings: Settings; change(patch: Partial<Settings>): void }) {
  const { person } = useScreen();
  const { answer: place } = useServerAnswer<About>('/api/about');
  const { answer: me } = useServerAnswer<Me>('/api/me');
  if (!place?.mail || !me) return null;
  if (!me.user.email_verified)
    return (
      <div className="setting">
        <span>
          Not confirmed
          <span className="facts setting-note">Reminders by mail go only to an address that was confirmed.</span>
        </span>
        <button
          type="button"
          className="button"
          onClick={() =>
            void tellServer(
              'POST',
              '/api/auth/send-verification-email',
              { email: person.email },
              'The letter is on its way',
            )
          }
        >
          Send the letter
        </button>
      </div>
    );
  return (
    <div className="setting">
      <span id="reminder-mail">
        Reminders by mail
        <span className="facts setting-note">As well as in the bell. Held in the quiet hours.</span>
      </span>
      <button
        type="button"
        role="switch"
        className="switch"
        aria-checked={settings.reminder_mail}
        aria-labelledby="reminder-mail"
        onClick={() => change({ reminder_mail: !settings.reminder_mail })}
      />
    </div>
  );
}
