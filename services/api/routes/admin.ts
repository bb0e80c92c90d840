import {
  type AdminStatus,
  adminUserListSchema,
  linkSchema,
  resetPasswordSchema,
  setRoleSchema,
  statusSchema,
} from '@taskmaster/contracts/http/admin';
import { orProblem, Problem } from '@taskmaster/contracts/problems';
import type { Actor } from '@taskmaster/contracts/sync/changes';
import type pg from 'pg';
import { z } from 'zod';
import type { Administration } from '../../http/admin.ts';
import type { Http } from '../../http/server.ts';
import type { OneTimeLinks } from '../auth/one-time-links.ts';
import type { People } from '../auth/people.ts';

/** For administrators, and for the operator on their socket: who is here, how it goes, and links to hand out. */
export function adminRoutes({
  http,
  authPool,
  links,
  people,
  enterAdmin,
  record,
  status,
}: Administration & {
  http: Http;
  authPool: pg.Pool;
  links: OneTimeLinks;
  people: Pick<People, 'setRole' | 'standing'>;
  status(): Promise<Omit<AdminStatus, 'users'>>;
}): void {
  const doc = (summary: string) => ({ summary, tags: ['administration'] });

  http.get(
    '/api/admin/status',
    { schema: { ...doc('How it goes'), response: { 200: statusSchema, ...orProblem } } },
    async (request) => {
      await enterAdmin(request);
      const { rows } = await authPool.query<{ users: string }>('select count(*) as users from "user"');
      return { ...(await status()), users: Number(rows[0]?.users ?? 0) };
    },
  );

  http.get(
    '/api/admin/users',
    {
      schema: {
        ...doc('Everybody with an account, oldest first'),
        response: { 200: adminUserListSchema, ...orProblem },
      },
    },
    async (request) => {
      await enterAdmin(request);
      const { rows } = await authPool.query(
        `select u.id, u.name, u.email, u."emailVerified" as email_verified, u."createdAt" as created_at,
           count(s.id)::int as sessions, max(s."updatedAt") as last_seen_at
         from "user" u left join session s on s."userId" = u.id and s."expiresAt" > now()
         group by u.id order by u."createdAt", u.id limit 1000`,
      );
      const standing = await people.standing(rows.map((row) => row.id));
      const items = rows.map((row) => {
        const { role = 'user', deleted_at = null } = standing.get(row.id) ?? {};
        return { ...row, role, closed_at: deleted_at };
      });
      return { items, next_cursor: null };
    },
  );

  http.post(
    '/api/admin/users/role',
    {
      schema: {
        ...doc('Let somebody run the place, or no longer'),
        body: setRoleSchema,
        response: { 204: z.null(), ...orProblem },
      },
      attachValidation: true,
    },
    async (request, reply) => {
      const who = await enterAdmin(request);
      const { email, role } = request.body;
      const { rows } = await authPool.query<{ id: string }>('select id from "user" where email = $1', [
        email.toLowerCase(),
      ]);
      if (!rows[0]) throw new Problem('not_found', 'Nobody has this address.');
      const actor = who === 'operator' ? { kind: 'system', id: who } : { kind: 'user', id: who.user_id };
      await people.setRole(rows[0].id, role, actor as Actor);
      return reply.code(204).send(null);
    },
  );

  http.post(
    '/api/admin/users/reset-password',
    {
      schema: {
        ...doc('A link by which one person chooses a new password; hand it to nobody else'),
        body: resetPasswordSchema,
        response: { 201: linkSchema, ...orProblem },
      },
      attachValidation: true,
    },
    async (request, reply) => {
      const who = await enterAdmin(request);
      const { user_id, ...link } = await links.resetPassword(request.body.email);
      await record(request, { who, action: 'password_reset_link_made', detail: { for: user_id } });
      return reply.code(201).header('cache-control', 'no-store').send(link);
    },
  );

  http.post(
    '/api/admin/invitations',
    {
      schema: {
        ...doc('A link by which one person makes an account, also where sign-up is closed'),
        body: z.strictObject({}).nullish(),
        response: { 201: linkSchema, ...orProblem },
      },
      attachValidation: true,
    },
    async (request, reply) => {
      const who = await enterAdmin(request);
      const link = await links.invite();
      await record(request, { who, action: 'invitation_made' });
      return reply.code(201).header('cache-control', 'no-store').send(link);
    },
  );
}
