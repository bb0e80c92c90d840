import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  callAt,
  cookieOf,
  type Person,
  type RunningServices,
  runServices,
} from '../../test/support/running-services.ts';

const PLACE = 'https://tasks.example.test';
let plain: RunningServices;
let secure: RunningServices;
let ann: Person;
beforeAll(async () => {
  plain = await runServices();
  secure = await runServices({ PUBLIC_URL: PLACE });
  ann = await plain.person('ann');
});
afterAll(async () => {
  await plain.stop();
  await secure.stop();
});

const up = (at: RunningServices, origin: string, headers: Record<string, string> = {}) =>
  callAt(
    at.url,
    'POST',
    '/api/auth/sign-up/email',
    { name: 'x', email: `${crypto.randomUUID()}@example.test`, password: 'a-long-pass phrase 7' },
    { origin, ...headers },
  );
const directivesOf = (policy: string): Map<string, string> =>
  new Map(policy.split(';').map((directive) => directive.trim().split(/ (.*)/s) as [string, string]));

describe('every answer', () => {
  it.each(['/', '/today', '/api/tasks', '/api/docs', '/api/nothing', '/health', '/api/confirm-address?token=x'])(
    'lets a browser do only what the page needs: %s',
    async (path) => {
      for (const [at, isSecure] of [
        [plain, false],
        [secure, true],
      ] as const) {
        const { headers } = await callAt(at.url, 'GET', path);
        const policy = directivesOf(headers.get('content-security-policy') ?? '');
        expect(policy.get('default-src')).toBe("'none'");
        expect(policy.get('frame-ancestors')).toBe("'none'");
        expect(policy.get('base-uri')).toBe("'none'");
        expect(policy.get('form-action')).toBe("'self'");
        expect(policy.get('script-src')).toMatch(/^'self'( 'sha256-[\w+/=]+')*$/);
        expect(policy.get('connect-src')).toBe("'self'");
        expect(headers.get('x-content-type-options')).toBe('nosniff');
        expect(headers.get('referrer-policy')).toBe('no-referrer');
        expect(headers.get('x-powered-by')).toBeNull();
        expect(headers.get('access-control-allow-origin')).toBeNull();
        const age = /max-age=(\d+)/.exec(headers.get('strict-transport-security') ?? '')?.[1];
        expect(Number(age ?? 0) >= 15_552_000).toBe(isSecure);
        if (path.startsWith('/api/')) expect(headers.get('cache-control')).toBe('no-store');
      }
    },
  );

  it('gives no other site leave to ask', async () => {
    const preflight = await callAt(plain.url, 'OPTIONS', '/api/tasks', undefined, {
      origin: 'https://evil.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization',
    });
    expect(preflight.status).toBeGreaterThan(399);
    expect([...preflight.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
  });
});

describe('the cookie', () => {
  it('is for this host alone, out of reach of scripts, and of TLS alone where there is TLS', async () => {
    for (const [at, origin] of [
      [plain, plain.url],
      [secure, PLACE],
    ] as const) {
      const cookies = (await up(at, origin)).headers.getSetCookie();
      expect(cookies.length).toBeGreaterThan(0);
      for (const cookie of cookies) {
        expect(cookie).toMatch(/; HttpOnly/i);
        expect(cookie).toMatch(/; SameSite=Lax/i);
        expect(cookie).toMatch(/; Path=\/(;|$)/i);
        expect(cookie).not.toMatch(/Domain=/i);
        expect(/; Secure/i.test(cookie)).toBe(at === secure);
        expect(cookie.startsWith('__Host-')).toBe(at === secure);
      }
    }
    // And it is one that is taken again.
    const made = await up(secure, PLACE);
    const cookie = cookieOf(made);
    expect((await callAt(secure.url, 'GET', '/api/me', undefined, { cookie })).status).toBe(200);
    const change = (origin: string) => callAt(secure.url, 'POST', '/api/tasks', { title: 'x' }, { cookie, origin });
    expect((await change(PLACE)).status).toBe(201);
    for (const origin of ['http://tasks.example.test', `${PLACE}:444`, `${PLACE}.evil.example`, secure.url, 'null'])
      expect([origin, (await change(origin)).json.code]).toEqual([origin, 'foreign_origin']);
  });

  it('changes nothing for another site, whatever the request looks like', async () => {
    const { cookie } = ann;
    const titles = async () => (await ann.call('GET', '/api/tasks?status=all')).json.items.length;
    const before = await titles();
    const foreign: Record<string, string>[] = [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: plain.url, 'sec-fetch-site': 'cross-site' },
      { origin: plain.url, 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'cross-site' },
      { origin: plain.url.replace('127.0.0.1', 'localhost') },
      { origin: `${plain.url}.evil.example` },
      {},
    ];
    for (const headers of foreign)
      for (const [method, path, body] of [
        ['POST', '/api/tasks', { title: 'x' }],
        ['PATCH', '/api/me', { name: 'Eve' }],
        ['POST', '/api/tokens', { name: 'x', scopes: ['sync'] }],
        ['POST', '/api/me/close', { password: 'a-long-pass phrase 7' }],
        ['POST', '/api/sync/ticket', {}],
        ['POST', '/api/auth/sign-out', {}],
        [
          'POST',
          '/api/auth/change-password',
          { currentPassword: 'a-long-pass phrase 7', newPassword: 'evil evil evil' },
        ],
      ] as const) {
        const { status, json } = await callAt(plain.url, method, path, body, { cookie, ...headers });
        expect([path, headers, status, json.code]).toEqual([path, headers, 403, 'foreign_origin']);
      }
    // What a form can send without asking.
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])
      expect(
        (
          await callAt(plain.url, 'POST', '/api/tasks', '{"title":"x"}', {
            cookie,
            origin: plain.url,
            'content-type': type,
          })
        ).status,
      ).toBe(415);
    expect(await titles()).toBe(before);
    expect((await ann.call('GET', '/api/me')).status).toBe(200);
  });

  it('of another place, or with another signature, is none', async () => {
    const [name = '', value = ''] = decodeURIComponent(ann.cookie).split(/=(.*)/s);
    const [token = '', signature = ''] = value.split('.');
    for (const cookie of [
      `${name}=${token}`,
      `${name}=${token}.`,
      `${name}=${encodeURIComponent(`${token}.${'A'.repeat(signature.length - 1)}=`)}`,
      `${name}=${encodeURIComponent(`${token}x.${signature}`)}`,
      `__Host-${name}=${encodeURIComponent(value)}`,
      `better-auth.session_token=${encodeURIComponent(value)}`,
    ])
      expect([cookie, (await callAt(plain.url, 'GET', '/api/me', undefined, { cookie })).status]).toEqual([
        cookie,
        401,
      ]);
    expect((await callAt(secure.url, 'GET', '/api/me', undefined, { cookie: ann.cookie })).status).toBe(401);
  });
});
