import type { About } from '@taskmaster/contracts/http/service';
import { useState } from 'react';
import { useScreen } from '../../sync/store.ts';
import { tellServer, useServerAnswer } from '../shell/server-only.ts';
import { FormField, SettingForm, Unfolding } from './unfolding.tsx';

/** The address that one signs in with. A new one counts when the letter to it was answered, where this place sends mail. */
export function Address() {
  const { person } = useScreen();
  return (
    <div className="setting">
      <span>
        E-mail
        <span className="facts setting-note">{person.email}</span>
      </span>
      <Unfolding words="Change the address">{(close) => <NewAddress onClose={close} />}</Unfolding>
    </div>
  );
}

function NewAddress({ onClose }: { onClose(): void }) {
  const { answer: place } = useServerAnswer<About>('/api/about');
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const change = async () => {
    const body = { email: email.trim(), password };
    const asked = await tellServer<{ changed: boolean }>('POST', '/api/me/address', body, ({ changed }) =>
      changed ? 'Changed. Sign in with it from now on' : 'A letter is on its way to the new address: answer it there',
    );
    if (asked) onClose();
  };
  return (
    <SettingForm
      send={place?.mail ? 'Send the letter' : 'Change'}
      isReady={email.trim() !== '' && password !== ''}
      onSend={change}
      onClose={onClose}
    >
      <FormField label="New address" type="email" autoComplete="email" value={email} write={setEmail} />
      <FormField
        label="Your password"
        type="password"
        autoComplete="current-password"
        value={password}
        write={setPassword}
      />
    </SettingForm>
  );
}
