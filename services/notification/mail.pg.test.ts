import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { freshDatabase } from '../../test/support/fresh-database.ts';
import { callAt, type Person, type RunningServices, runServices, until } from '../../test/support/running-services.ts';
import { headerOf, type SmtpSink, startSmtpSink, wordsOf } from '../../test/support/smtp-sink.ts';

let sink: SmtpSink;
let services: RunningServices;
let owner: pg.Client;
beforeAll(async () => {
  sink = await startSmtpSink();
  services = await runServices({ SMTP_URL: sink.url, MAIL_FROM: 'TaskMaster <tasks@example.test>' });
  owner = new pg.Client(services.connection);
  await owner.connect();
});
afterAll(async () => {
  await owner.end();
  await services.stop();
  await sink.stop();
});
beforeEach(() => sink.set('take'));

const soon = (milliseconds: number) => new Date(Date.now() + milliseconds).toISOString();
const emailOf = async (who: Person): Promise<string> => (await who.call('GET', '/api/me')).json.user.email;
const linkIn = (words: string): URL => new URL(/https?:\/\/\S+/.exec(words)?.[0] ?? 'http://no-link');

/** Somebody who followed the link in the letter that came with the account. */
async function confirmed(name: string, place = services): Promise<Person & { email: string }> {
  const person = await place.person(name);
  const email = await emailOf(person);
  const [letter] = await until(async () => sink.to(email).length > 0 && sink.to(email), 'the letter');
  const link = linkIn(wordsOf(letter as never));
  const token = link.searchParams.get('token');
  expect((await callAt(place.url, 'POST', '/api/address/confirm', { token })).status).toBe(204);
  await until(async () => (await person.call('GET', '/api/me')).json.user.email_verified, 'confirmed');
  sink.taken.length = 0;
  return { ...person, email };
}
const remind = async (who: Person, title: string, at = soon(150)) =>
  (await who.call('POST', '/api/tasks', { title, reminders: [{ at }] })).json;
const mailOf = async (who: Person, task: { id: string }) =>
  ((await who.call('GET', `/api/reminders?task_id=${task.id}`)).json.items as Record<string, unknown>[]).find(
    (one) => one.channel === 'mail',
  );
const mailIs = (who: Person, task: { id: string }, state: string) =>
  until(async () => {
    const found = await mailOf(who, task);
    return found?.state === state && found;
  }, `mail ${state}`);

describe('a reminder by mail', () => {
  it('goes once to a confirmed address, escaped, with a way to stop it', async () => {
    const ann = await confirmed('ann');
    const task = await remind(ann, 'Call <b>the "plumber"</b> & co\tnow');
    await mailIs(ann, task, 'handed_over');
    const letters = sink.to(ann.email);
    expect(letters).toHaveLength(1);
    const [letter] = letters;
    const words = wordsOf(letter as never);
    expect(letter?.message_id).toMatch(/^<[0-9a-f-]{36}@127\.0\.0\.1>$/);
    expect(letter?.subject).toContain('Reminder: Call <b>the "plumber"</b> & co now');
    expect(words).toContain('Call &lt;b&gt;the &quot;plumber&quot;&lt;/b&gt; &amp; co');
    expect(words.split('text/html')[1]).not.toContain('<b>the');
    expect(words).toContain(`/today?task=${task.id}`);
    expect(headerOf(letter as never, 'List-Unsubscribe-Post')).toBe('List-Unsubscribe=One-Click');
    expect(headerOf(letter as never, 'List-Unsubscribe')).toMatch(
      /^<http:\/\/127\.0\.0\.1:8000\/api\/unsubscribe\?token=[\w.-]+>$/,
    );
  });

  it('does not go to an address that nobody confirmed', async () => {
    const bob = await services.person('bob');
    const email = await emailOf(bob);
    await until(async () => sink.to(email).length === 1, 'the letter that asks');
    const task = await remind(bob, 'unconfirmed');
    await until(async () => (await bob.call('GET', '/api/notifications')).json.items.length === 1, 'told in the app');
    expect(await mailOf(bob, task)).toBeUndefined();
    expect(sink.to(email)).toHaveLength(1);
  });

  it('stops by one click, and not by looking at the link', async () => {
    const eve = await confirmed('eve');
    await mailIs(eve, await remind(eve, 'first'), 'handed_over');
    const link = headerOf(sink.to(eve.email)[0] as never, 'List-Unsubscribe').slice(1, -1);
    const { pathname, search } = new URL(link);
    const at = services.url + pathname + search;
    expect((await fetch(at)).status).toBe(200);
    expect((await eve.call('GET', '/api/me')).json.settings.reminder_mail).toBe(true);
    const click = {
      method: 'POST',
      body: 'List-Unsubscribe=One-Click',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    };
    expect((await fetch(at, click)).status).toBe(200);
    expect((await eve.call('GET', '/api/me')).json.settings.reminder_mail).toBe(false);
    expect((await fetch(at.slice(0, -3), click)).status).toBe(404);
    const task = await remind(eve, 'second');
    await until(async () => (await eve.call('GET', '/api/notifications')).json.items.length === 2, 'told in the app');
    expect(await mailOf(eve, task)).toBeUndefined();
  });

  it('is tried again under the same Message-ID where the answer was lost', async () => {
    const fay = await confirmed('fay');
    sink.set('cut');
    const task = await remind(fay, 'cut off');
    await until(async () => sink.to(fay.email).length > 0, 'the first copy');
    sink.set('take');
    const entry = await mailIs(fay, task, 'handed_over');
    const ids = sink.to(fay.email).map((letter) => letter.message_id);
    expect(ids.length).toBeGreaterThan(1);
    expect(new Set(ids).size).toBe(1);
    expect(entry.attempts).toBe(ids.length);
  });

  it('waits while the server is busy, and has failed where it is refused for good', async () => {
    const gus = await confirmed('gus');
    sink.set('busy');
    const task = await remind(gus, 'busy');
    await until(async () => (await mailOf(gus, task))?.error === 'the mail server answered 451', 'the refusal noted');
    sink.set('take');
    await mailIs(gus, task, 'handed_over');
    expect(sink.to(gus.email)).toHaveLength(1);
    sink.set('refuse');
    const refused = await mailIs(gus, await remind(gus, 'refused'), 'failed');
    expect(refused).toMatchObject({ error: 'the mail server answered 550', attempts: 1 });
  });

  it('is held in the quiet hours, and dropped when the task is done meanwhile', async () => {
    const ida = await confirmed('ida');
    const hour = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString().slice(11, 16);
    await ida.call('PATCH', '/api/me', { settings: { quiet_hours: { from: hour(-1), to: hour(2) } } });
    const task = await remind(ida, 'hush');
    const held = await mailIs(ida, task, 'decided');
    expect(Date.parse(String(held.next_at)) - Date.now()).toBeGreaterThan(3_600_000);
    expect((await ida.call('GET', '/api/notifications')).json.unread).toBe(1);
    await ida.call('POST', `/api/tasks/${task.id}/complete`, {});
    await mailIs(ida, task, 'withdrawn');
    expect(sink.to(ida.email)).toEqual([]);
  });

  it('is held in quiet hours that began while the server was busy', async () => {
    const ole = await confirmed('ole');
    sink.set('busy');
    const task = await remind(ole, 'busy, then hush');
    await until(async () => (await mailOf(ole, task))?.error === 'the mail server answered 451', 'the refusal noted');
    const hour = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString().slice(11, 16);
    await ole.call('PATCH', '/api/me', { settings: { quiet_hours: { from: hour(-1), to: hour(2) } } });
    await until(async () => {
      const held = await mailOf(ole, task);
      return held?.state === 'decided' && Date.parse(String(held.next_at)) - Date.now() > 3_600_000;
    }, 'held');
    expect(sink.to(ole.email)).toEqual([]);
  });

  it('of many late ones leaves out what was done meanwhile, and does not go where all is', async () => {
    const far = '2031-01-01T00:00:00Z';
    const hour = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString().slice(11, 16);
    const digestOf = async (name: string, done: readonly number[]) => {
      const who = await confirmed(name);
      await who.call('PATCH', '/api/me', { settings: { quiet_hours: { from: hour(-1), to: hour(2) } } });
      const tasks = [];
      for (const title of ['first', 'second', 'third', 'fourth', 'fifth']) tasks.push(await remind(who, title, far));
      const planned = async (state: string) =>
        (
          await owner.query(`select 1 from notification.ledger where user_id = $1 and channel = 'app' and state = $2`, [
            who.id,
            state,
          ])
        ).rowCount === 5;
      await until(() => planned('scheduled'), 'planned');
      await owner.query(
        `update notification.ledger set due_at = now() - interval '2 hours' where user_id = $1 and state = 'scheduled'`,
        [who.id],
      );
      await until(() => planned('handed_over'), 'decided');
      const mail = async () =>
        (await owner.query(`select state from notification.ledger where user_id = $1 and channel = 'mail'`, [who.id]))
          .rows[0]?.state;
      await until(async () => (await mail()) === 'decided', 'held');
      for (const index of done) await who.call('POST', `/api/tasks/${tasks[index].id}/complete`, {});
      const open = async () =>
        (await owner.query('select 1 from notification.task where user_id = $1 and open', [who.id])).rowCount;
      await until(async () => (await open()) === 5 - done.length, 'done');
      await who.call('PATCH', '/api/me', { settings: { quiet_hours: null } });
      await until(
        async () =>
          (
            await owner.query(
              `select settings -> 'quiet_hours' = 'null' as off from notification.person where user_id = $1`,
              [who.id],
            )
          ).rows[0]?.off,
        'quiet no more',
      );
      await owner.query(`update notification.ledger set next_at = now() where user_id = $1 and channel = 'mail'`, [
        who.id,
      ]);
      await until(async () => ['handed_over', 'withdrawn'].includes(await mail()), 'settled');
      return { state: await mail(), letters: sink.to(who.email) };
    };
    const some = await digestOf('pia', [0, 2]);
    expect(some.letters.map((one) => one.subject)).toEqual(['3 reminders came late']);
    const words = wordsOf(some.letters[0] as never);
    for (const title of ['second', 'fourth', 'fifth']) expect(words).toContain(title);
    for (const title of ['first', 'third']) expect(words).not.toContain(title);
    expect(await digestOf('quin', [0, 1, 2, 3, 4])).toEqual({ state: 'withdrawn', letters: [] });
  });

  it('is taken up by the next start where the program died with it in hand', async () => {
    const jon = await confirmed('jon');
    sink.set('stall');
    const task = await remind(jon, 'in hand');
    await mailIs(jon, task, 'handing_over');
    sink.set('take');
    await owner.query(`update notification.ledger set next_at = now() where task_id = $1 and channel = 'mail'`, [
      task.id,
    ]);
    await mailIs(jon, task, 'handed_over');
    expect(sink.to(jon.email)).toHaveLength(1);
  });

  it('in hand when the program is told to stop is handed over once, and written down', async () => {
    const database = await freshDatabase();
    const next = await runServices(
      { SMTP_URL: sink.url, MAIL_FROM: 'tasks@example.test' },
      undefined,
      database.connection,
    );
    const lea = await confirmed('lea', next);
    sink.set('slow');
    await remind(lea, 'in hand');
    await until(async () => sink.to(lea.email).length === 1, 'in hand');
    await next.stop();
    const looking = new pg.Client(database.connection);
    await looking.connect();
    const { rows } = await looking.query(`select state from notification.ledger where channel = 'mail'`);
    expect([sink.to(lea.email).length, rows]).toEqual([1, [{ state: 'handed_over' }]]);
    await looking.end();
    await database.drop();
  });

  it('left in hand by a program that died goes out with the next start, under the same Message-ID', async () => {
    const kim = await confirmed('kim');
    const task = await remind(kim, 'left in hand');
    await mailIs(kim, task, 'handed_over');
    const left = `update notification.ledger set state = 'handing_over', next_at = now() + interval '50 seconds'
      where task_id = $1 and channel = 'mail'`;
    await owner.query(left, [task.id]);
    const next = await runServices(
      { SMTP_URL: sink.url, MAIL_FROM: 'tasks@example.test' },
      undefined,
      services.connection,
    );
    await mailIs(kim, task, 'handed_over');
    await next.stop();
    const [first, again] = sink.to(kim.email);
    expect([sink.to(kim.email).length, again?.message_id]).toEqual([2, first?.message_id]);
  });
});

describe('an address', () => {
  const password = 'a-long-pass phrase 7';
  const letterTo = async (email: string, subject: RegExp) =>
    until(async () => sink.to(email).find((one) => subject.test(one.subject)), `the letter to ${email}`);
  const tokenIn = (letter: object) => linkIn(wordsOf(letter as never)).searchParams.get('token');
  const confirm = (token: string | null) => callAt(services.url, 'POST', '/api/address/confirm', { token });

  it('is confirmed by a button, never by opening the link', async () => {
    const ivy = await services.person('ivy');
    const email = await emailOf(ivy);
    const letter = await letterTo(email, /your address/);
    const link = linkIn(wordsOf(letter));
    expect(link.pathname).toBe('/confirm-address');
    const token = tokenIn(letter);
    expect((await callAt(services.url, 'GET', `/api/auth/verify-email?token=${token}`)).status).toBe(404);
    expect((await ivy.call('GET', '/api/me')).json.user.email_verified).toBe(false);
    expect((await confirm('nonsense')).json.code).toBe('not_found');
    expect((await confirm(token)).status).toBe(204);
    await until(async () => (await ivy.call('GET', '/api/me')).json.user.email_verified, 'confirmed');
  });

  it('is asked for of everybody, however many sign up at once', async () => {
    const crowd = await Promise.all(Array.from({ length: 12 }, (_, index) => services.person(`crowd-${index}`)));
    for (const one of crowd) await letterTo(await emailOf(one), /your address/);
  });

  it('is changed once the new one is confirmed; the old one is told, and reminders follow', async () => {
    const leo = await confirmed('leo');
    const wanted = `New.Leo-${Date.now()}@Example.test`;
    const ask = (email: string, given = password) => leo.call('POST', '/api/me/address', { email, password: given });
    expect((await ask(wanted, 'not my password')).json.errors[0].path).toBe('password');
    expect((await ask('nonsense')).json.errors[0].path).toBe('email');
    expect((await ask(leo.email)).json.errors[0].message).toBe('There is an account with this address.');
    expect((await ask(wanted)).json).toEqual({ changed: false });
    const letter = await letterTo(wanted.toLowerCase(), /new address/);
    expect(await emailOf(leo)).toBe(leo.email);
    const token = tokenIn(letter);
    expect((await confirm(token)).status).toBe(204);
    expect((await confirm(token)).json.code).toBe('not_found');
    expect((await leo.call('GET', '/api/me')).json.user).toMatchObject({
      email: wanted.toLowerCase(),
      email_verified: true,
    });
    await letterTo(leo.email, /address was changed/);
    const signIn = (email: string) =>
      callAt(services.url, 'POST', '/api/auth/sign-in/email', { email, password }, { origin: services.url });
    expect((await signIn(leo.email)).status).toBe(401);
    expect((await signIn(wanted)).status).toBe(200);
    const task = await remind(leo, 'to the new address');
    await mailIs(leo, task, 'handed_over');
    await letterTo(wanted.toLowerCase(), /to the new address/);
    expect(sink.to(leo.email).some((one) => /to the new address/.test(one.subject))).toBe(false);
  });

  it('that was given up takes nothing back: every link from before the change leads nowhere', async () => {
    const una = await services.person('una');
    const first = await emailOf(una);
    const atSignUp = tokenIn(await letterTo(first, /your address/));
    const ask = (email: string) => una.call('POST', '/api/me/address', { email, password });
    const typo = `typo-${Date.now()}@stranger.test`;
    await ask(typo);
    const atTypo = tokenIn(await letterTo(typo, /new address/));
    const right = `right-${Date.now()}@example.test`;
    await ask(right);
    await callAt(services.url, 'POST', '/api/auth/request-password-reset', { email: first }, { origin: services.url });
    const reset = tokenIn(await letterTo(first, /new password/));
    expect((await confirm(atTypo)).status).toBe(404);
    expect((await confirm(tokenIn(await letterTo(right, /new address/)))).status).toBe(204);
    expect((await confirm(atSignUp)).status).toBe(404);
    const newPassword = 'a password of a stranger';
    const taken = await callAt(
      services.url,
      'POST',
      '/api/auth/reset-password',
      { token: reset, newPassword },
      { origin: services.url },
    );
    expect(taken.status).toBeGreaterThan(399);
    expect(await emailOf(una)).toBe(right);
  });

  it('that was asked for by whoever knew the old password leads nowhere with a new one', async () => {
    const pat = await confirmed('pat');
    const cookie = { cookie: pat.cookie, origin: services.url };
    const post = (path: string, body: object) => callAt(services.url, 'POST', `/api/auth${path}`, body, cookie);
    const wanted = `taken-${Date.now()}@example.test`;
    await pat.call('POST', '/api/me/address', { email: wanted, password });
    const letter = await letterTo(wanted, /new address/);
    const next = 'another long phrase 8';
    expect((await post('/change-password', { currentPassword: password, newPassword: next })).status).toBe(200);
    expect((await confirm(tokenIn(letter))).json.code).toBe('not_found');
  });

  it('that somebody else took meanwhile stays theirs', async () => {
    const mia = await confirmed('mia');
    const wanted = `wanted-${Date.now()}@example.test`;
    await mia.call('POST', '/api/me/address', { email: wanted, password });
    const letter = await letterTo(wanted, /new address/);
    const up = { name: 'Somebody', email: wanted, password };
    expect((await callAt(services.url, 'POST', '/api/auth/sign-up/email', up, { origin: services.url })).status).toBe(
      200,
    );
    expect((await confirm(tokenIn(letter))).status).toBe(422);
    expect(await emailOf(mia)).toBe(mia.email);
  });

  it('where no letter can be sent, is changed at once, and not confirmed', async () => {
    const bare = await runServices();
    try {
      const noa = await bare.person('noa');
      const email = `noa-${Date.now()}@example.test`;
      expect((await noa.call('POST', '/api/me/address', { email, password })).json).toEqual({ changed: true });
      expect((await noa.call('GET', '/api/me')).json.user).toMatchObject({ email, email_verified: false });
    } finally {
      await bare.stop();
    }
  });
});

describe('a password that was forgotten', () => {
  it('is chosen anew by a link that works once, and ends all that could act for the person', async () => {
    const kim = await confirmed('kim');
    const { token: ofProgram } = (await kim.call('POST', '/api/tokens', { name: 'a program', scopes: ['tasks:read'] }))
      .json;
    const program = () =>
      callAt(services.url, 'GET', '/api/tasks', undefined, { authorization: `Bearer ${ofProgram}` });
    expect((await program()).status).toBe(200);
    const post = (path: string, body: object, headers = {}) =>
      callAt(services.url, 'POST', `/api/auth${path}`, body, { origin: services.url, ...headers });
    const asked = await post('/request-password-reset', { email: kim.email }, { host: 'evil.example' });
    const nobody = await post('/request-password-reset', { email: 'nobody@example.test' });
    expect([asked.status, asked.text]).toEqual([200, nobody.text]);
    const [letter] = await until(async () => sink.to(kim.email).length > 0 && sink.to(kim.email), 'the letter');
    const link = linkIn(wordsOf(letter as never));
    expect(link.href).toMatch(/^http:\/\/127\.0\.0\.1:8000\/new-password\?token=/);
    const token = link.searchParams.get('token');
    const kept = await owner.query('select v::text from auth.verification v where v.value = $1', [kim.id]);
    expect(kept.rows).toHaveLength(1);
    expect(JSON.stringify(kept.rows)).not.toContain(token);
    expect((await post('/reset-password', { newPassword: 'short', token })).status).toBe(422);
    expect((await post('/reset-password', { newPassword: 'another long phrase 8', token })).status).toBe(200);
    expect((await post('/reset-password', { newPassword: 'a third long phrase 9', token })).status).toBeGreaterThan(
      399,
    );
    expect([(await kim.call('GET', '/api/me')).status, (await program()).status]).toEqual([401, 401]);
    const taken = await owner.query(
      `select actor->>'id' as by from tasks.change where workspace_id = $1 and entity = 'token' and kind = 'deleted'`,
      [kim.workspace],
    );
    expect(taken.rows).toEqual([{ by: 'auth' }]);
    expect((await post('/sign-in/email', { email: kim.email, password: 'another long phrase 8' })).status).toBe(200);
  });
});
