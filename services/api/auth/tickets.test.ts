import { expect, it } from 'vitest';
import { createTickets } from './tokens.ts';

const SECRET = 'a secret of at least thirty-two characters';
const ann = '018f3f5e-7a3b-7cde-8f00-000000000001';

it('a ticket of one instance is read by every other of the same secret, and by none of another', async () => {
  const { ticket } = await createTickets(SECRET).issue(ann, 'her session');
  expect(await createTickets(SECRET).read(ticket)).toEqual({
    user_id: ann,
    sid: 'her session',
    jti: expect.any(String),
  });
  await expect(createTickets(`${SECRET}!`).read(ticket)).rejects.toMatchObject({ code: 'unauthenticated' });
});

it('a ticket that was changed, or says that nobody signed it, is read by nobody', async () => {
  const tickets = createTickets(SECRET);
  const [header = '', payload = '', signature = ''] = (await tickets.issue(ann, 'her session')).ticket.split('.');
  const said = JSON.parse(Buffer.from(payload, 'base64url').toString());
  const of = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  for (const forged of [
    `${header}.${of({ ...said, sid: 'his session' })}.${signature}`,
    `${of({ alg: 'none', typ: 'ticket+jwt' })}.${payload}.`,
  ])
    await expect(tickets.read(forged)).rejects.toMatchObject({ code: 'unauthenticated' });
});
