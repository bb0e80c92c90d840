import type { AdminStatus, AdminUserList, DeadLetterList, OneTimeLink } from '@taskmaster/contracts/http/admin';
import { useEffect, useState } from 'react';
import { useScreen } from '../../sync/store.ts';
import { tellServer, useServerAnswer } from '../shell/server-only.ts';
import { instantInWords } from '../tasks/when.ts';

const LOOK_EVERY = 10_000;
/** What a service is for, said to whoever runs it. */
const services: Readonly<Record<AdminStatus['services'][number]['name'], string>> = {
  api: 'Tasks and accounts',
  recurring: 'Repeats',
  notification: 'Notifications',
  audit: 'Audit log',
};

/** For whoever runs the place: how it goes, who is here, what could not be handled. */
export default function AdminPage() {
  const { answer: status, isAway, isRefused, again } = useServerAnswer<AdminStatus>('/api/admin/status');
  useEffect(() => {
    const timer = setInterval(again, LOOK_EVERY);
    return () => clearInterval(timer);
  }, [again]);
  if (isRefused)
    return (
      <div className="settings admin">
        <h1 className="title">Running this place</h1>
        <p role="status">You do not run this place, so there is nothing to see here. Whoever does can let you.</p>
      </div>
    );
  return (
    <div className="settings admin">
      <h1 className="title">Running this place</h1>
      {isAway && <p className="facts">The server does not answer. What stands here is as it was.</p>}
      {status && <How status={status} again={again} />}
      <People changed={again} />
      {status?.services
        .filter((service) => (service.dead_letters ?? 0) > 0)
        .map(({ name }) => (
          <DeadLetters key={name} service={name} done={again} />
        ))}
    </div>
  );
}

function How({ status, again }: { status: AdminStatus; again(): void }) {
  const { settings, today } = useScreen();
  const { reminders } = status;
  const waiting = (one: AdminStatus['services'][number]) =>
    [
      one.outbox === null ? 'does not answer' : '',
      one.outbox ? `${one.outbox} to publish` : '',
      one.inbox ? `${one.inbox} held behind one that failed` : '',
      one.dead_letters ? `${one.dead_letters} could not be handled` : '',
    ].filter(Boolean);
  return (
    <section>
      <h2 className="label">How it goes</h2>
      <p className="setting">
        <span>TaskMaster {status.version}</span>
        <span className="setting-fact">
          since {instantInWords(status.started_at, settings.time_zone, today)}, {status.users}{' '}
          {status.users === 1 ? 'account' : 'accounts'}
        </span>
      </p>
      <p className="setting">
        <span>Changes on their way</span>
        <span className="setting-fact">{status.relay_lag === 0 ? 'none, all have arrived' : status.relay_lag}</span>
      </p>
      {status.services.map((one) => (
        <p className="setting" key={one.name}>
          <span>{services[one.name]}</span>
          <span className="setting-fact">{waiting(one).join(', ') || 'nothing waits'}</span>
        </p>
      ))}
      <p className="setting">
        <span>Reminders</span>
        <span className="setting-fact">{reminders ? inWords(reminders) : 'not known'}</span>
      </p>
      <div className="setting">
        <span>
          Backup
          <span className="facts setting-note">{status.backup}</span>
        </span>
        <button
          type="button"
          className="button"
          onClick={() =>
            void tellServer('POST', '/api/admin/backups', {}, 'The backup is made').then((made) => made && again())
          }
        >
          Make one now
        </button>
      </div>
    </section>
  );
}

const inWords = ({ scheduled, overdue, failed, late_today }: NonNullable<AdminStatus['reminders']>): string =>
  [
    `${scheduled === 0 ? 'none' : scheduled} ahead`,
    overdue > 0 ? `${overdue} overdue` : '',
    late_today > 0 ? `${late_today} told late in the last day` : '',
    failed > 0 ? `${failed} letters refused` : '',
  ]
    .filter(Boolean)
    .join(', ');

/** `changed`: who runs the place may be another now, and whoever looks no longer among them. */
function People({ changed }: { changed(): void }) {
  const { settings, today } = useScreen();
  const { answer, again } = useServerAnswer<AdminUserList>('/api/admin/users');
  const setRole = (user: AdminUserList['items'][number], role: string) =>
    void tellServer(
      'POST',
      '/api/admin/users/role',
      { email: user.email, role },
      role === 'admin' ? `${user.name} runs this place now` : `${user.name} no longer runs this place`,
    ).then(() => {
      again();
      changed();
    });
  const [link, setLink] = useState<{ for: string } & OneTimeLink>();
  const ask = async (whom: string, path: string, body: object) => {
    const made = await tellServer<OneTimeLink>('POST', path, body, 'The link is made. Hand it to nobody else');
    if (made) setLink({ for: whom, ...made });
  };
  const when = (instant: string) => instantInWords(instant, settings.time_zone, today);
  if (!answer) return null;
  return (
    <section>
      <h2 className="label">People</h2>
      {link && (
        <div className="setting setting-token" role="status">
          <span>
            {link.for}
            <span className="facts setting-note">Works once, until {when(link.expires_at)}</span>
          </span>
          <code>{link.url}</code>
          <button type="button" className="button" onClick={() => void navigator.clipboard?.writeText(link.url)}>
            Copy
          </button>
        </div>
      )}
      {answer.items.map((user) => (
        <div className="setting" key={user.id}>
          <span>
            {user.name}
            <span className="facts setting-note">
              {user.email}
              {user.email_verified ? ', confirmed' : ''}
              {user.closed_at ? ', closed' : ''};{' '}
              {user.last_seen_at ? `last seen ${when(user.last_seen_at)}` : 'not signed in anywhere'}
            </span>
          </span>
          {!user.closed_at && (
            <select
              className="field"
              aria-label={`What ${user.name} does here`}
              value={user.role}
              onChange={(event) => setRole(user, event.target.value)}
            >
              <option value="user">uses it</option>
              <option value="admin">runs it</option>
            </select>
          )}
          <button
            type="button"
            className="button"
            onClick={() =>
              void ask(`A new password for ${user.name}`, '/api/admin/users/reset-password', { email: user.email })
            }
          >
            Link for a new password
          </button>
        </div>
      ))}
      <div className="setting">
        <span>
          Somebody new
          <span className="facts setting-note">Also where sign-up is closed</span>
        </span>
        <button
          type="button"
          className="button"
          onClick={() => void ask('An invitation', '/api/admin/invitations', {})}
        >
          Make an invitation
        </button>
      </div>
    </section>
  );
}

/** Events that failed four times: what is behind them went on. Applied late, each once. */
function DeadLetters({ service, done }: { service: AdminStatus['services'][number]['name']; done(): void }) {
  const { settings, today } = useScreen();
  const { answer, again } = useServerAnswer<DeadLetterList>(`/api/admin/${service}/dead-letters`);
  const replay = (id: string) =>
    void tellServer<{ outcome: string }>(
      'POST',
      `/api/admin/${service}/dead-letters/${id}/replay`,
      {},
      ({ outcome }) =>
        outcome === 'applied' ? 'Applied' : 'Something newer was written meanwhile, so it was left as it is',
    ).then((applied) => {
      if (!applied) return;
      again();
      done();
    });
  return (
    <section>
      <h2 className="label">Could not be handled: {services[service]}</h2>
      {answer?.items
        .filter((letter) => letter.replayed_at === null)
        .map((letter) => (
          <div className="setting" key={letter.id}>
            <span>
              {letter.event_type.replace('com.todo.', '')}
              <span className="facts setting-note">
                {letter.error}; {instantInWords(letter.failed_at, settings.time_zone, today)}, tried {letter.attempts}{' '}
                times
              </span>
            </span>
            <button type="button" className="button" onClick={() => replay(letter.id)}>
              Try again
            </button>
          </div>
        ))}
    </section>
  );
}
