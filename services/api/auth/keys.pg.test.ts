import { createHmac, createPublicKey } from 'node:crypto';
import { exportJWK, generateKeyPair, type JWTHeaderParameters, type JWTPayload, SignJWT } from 'jose';
import pg from 'pg';
import { v7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freshDatabase } from '../../../test/support/fresh-database.ts';
import {
  callAt,
  type Person,
  type RunningServices,
  runServices,
  signUp,
  until,
} from '../../../test/support/running-services.ts';
import { createTokens } from './tokens.ts';

let services: RunningServices;
let ann: Person;
let owner: pg.Client;
beforeAll(async () => {
  services = await runServices();
  ann = await services.person('ann');
  owner = new pg.Client(services.connection);
  await owner.connect();
});
afterAll(async () => {
  await owner.end();
  await services.stop();
});

const statusOf = async (token: string): Promise<number> =>
  (await callAt(services.url, 'GET', '/api/me', undefined, { authorization: `Bearer ${token}` })).status;
const part = (of: object | Buffer): string =>
  (Buffer.isBuffer(of) ? of : Buffer.from(JSON.stringify(of))).toString('base64url');
const payloadOf = (token: string): JWTPayload =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
const headerOf = (token: string): JWTHeaderParameters =>
  JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString());

/** A key pair of ours, known to the place as its own where it is asked for. */
async function keyPair(known: boolean) {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  const jwk = await exportJWK(publicKey);
  const kid = v7();
  if (known)
    await owner.query(
      `insert into auth.jwks (id, "publicKey", "privateKey", "createdAt", alg, crv) values ($1, $2, '', now() - interval '1 year', 'EdDSA', 'Ed25519')`,
      [kid, JSON.stringify(jwk)],
    );
  const sign = (claims: object, header: object = {}) =>
    new SignJWT({ ...payloadOf(ann.token), ...claims })
      .setProtectedHeader({ alg: 'EdDSA', kid, ...header } as JWTHeaderParameters)
      .sign(privateKey);
  return { jwk, kid, sign };
}

describe('a token that was not signed by us', () => {
  it('is refused, whatever its header says of how to check it', async () => {
    const { alg: _alg, ...head } = headerOf(ann.token);
    const body = part(payloadOf(ann.token));
    const { keys } = (await callAt(services.url, 'GET', '/api/auth/jwks')).json;
    const [jwk] = keys;
    const pem = createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
    const tried: string[] = [];
    for (const alg of ['none', 'None', 'NONE', '', 'nOnE'])
      for (const signature of ['', ann.token.split('.')[2] ?? ''])
        tried.push(`${part({ ...head, alg })}.${body}.${signature}`);
    for (const secret of [
      pem,
      JSON.stringify(jwk),
      jwk.x,
      Buffer.from(jwk.x, 'base64url'),
      '',
      'a secret of at least thirty-two characters',
    ])
      for (const alg of ['HS256', 'HS512']) {
        const signed = `${part({ ...head, alg })}.${body}`;
        const hash = createHmac(alg === 'HS256' ? 'sha256' : 'sha512', secret)
          .update(signed)
          .digest();
        tried.push(`${signed}.${part(hash)}`);
      }
    const own = await keyPair(false);
    const at = 'http://127.0.0.1:1/jwks.json';
    for (const header of [
      { kid: own.kid },
      { kid: head.kid },
      { kid: head.kid, jwk: own.jwk },
      { kid: undefined, jwk: own.jwk },
      { kid: own.kid, jku: at },
      { kid: own.kid, x5u: at },
      { kid: `../../../../dev/null` },
      { kid: `' or '1'='1` },
      { kid: '' },
      { kid: [head.kid] as never },
    ])
      tried.push(await own.sign({}, header));
    tried.push(`${ann.token}.x`, ann.token.replace(/\.[^.]*$/, ''), `${ann.token}=`, ann.token.replaceAll('.', '..'));
    for (const token of tried) expect([token, await statusOf(token)]).toEqual([token, 401]);
    expect(await statusOf(ann.token)).toBe(200);
  });

  it('is refused where it was made for something else, or names no session, or has no end', async () => {
    const ours = await keyPair(true);
    await until(async () => (await statusOf(await ours.sign({}))) === 200, 'a second key that counts');
    const past = Math.floor(Date.now() / 1000) - 60;
    for (const claims of [
      { aud: 'sync' },
      { aud: undefined },
      { aud: ['somebody-else'] },
      { iss: 'http://evil.example' },
      { iss: undefined },
      { sid: undefined },
      { sid: v7() },
      { sid: { id: 1 } },
      { sub: undefined },
      { exp: undefined },
      { exp: past },
      { nbf: past + 3600 },
    ])
      expect([claims, await statusOf(await ours.sign(claims))]).toEqual([claims, 401]);
    // Signed right, of somebody else's session: whoever the session is of, it is not the one who is named.
    const bob = await services.person('bob');
    const crossed = await ours.sign({ sub: bob.id });
    const { json } = await callAt(services.url, 'GET', '/api/me', undefined, { authorization: `Bearer ${crossed}` });
    expect(json.user?.id).not.toBe(bob.id);
  });
});

describe('the signing key', () => {
  it('is changed while everybody goes on: old tokens hold until their end, new ones from the first', async () => {
    const before = ann.token;
    const other = await keyPair(true);
    const after = await other.sign({});
    await until(async () => (await statusOf(after)) === 200, 'the new key is known');
    expect(await statusOf(before)).toBe(200);
  });

  it('that is gone logs nobody out: the session makes new tokens', async () => {
    await owner.query('delete from auth.jwks');
    const page = { cookie: ann.cookie, origin: services.url };
    expect((await callAt(services.url, 'GET', '/api/me', undefined, page)).status).toBe(200);
    const { token } = (await callAt(services.url, 'GET', '/api/auth/token', undefined, page)).json;
    await until(async () => (await statusOf(token)) === 200, 'a token of the key made since');
  });

  it('made with another secret is replaced: nobody is left without tokens for ever', async () => {
    const given = await freshDatabase();
    const before = await runServices({}, undefined, given.connection);
    const bob = await before.person('bob');
    await before.stop();
    const after = await runServices({}, undefined, given.connection, {
      secret: 'another secret, as long as the one before',
    });
    try {
      const cleo = await signUp(after.url, 'cleo');
      expect((await cleo.call('GET', '/api/me')).status).toBe(200);
      const old = { authorization: `Bearer ${bob.token}` };
      expect((await callAt(after.url, 'GET', '/api/me', undefined, old)).status).toBe(401);
      expect((await callAt(after.url, 'GET', '/api/me', undefined, { cookie: bob.cookie })).status).toBe(401);
    } finally {
      await after.stop();
      await given.drop();
    }
  });

  it('that nobody knows is looked for at most every five seconds, however many ask', async () => {
    const pool = new pg.Pool({ ...services.connection, options: '-c search_path=auth' });
    let looks = 0;
    const counted = {
      query(text: string) {
        looks++;
        return pool.query(text);
      },
    };
    try {
      const tokens = createTokens(counted as unknown as pg.Pool);
      const stranger = await keyPair(false);
      const started = Date.now();
      for (let n = 0; n < 100; n++)
        await expect(tokens.claims(await stranger.sign({}, { kid: v7() }))).rejects.toMatchObject({
          code: 'unauthenticated',
        });
      expect(looks).toBeLessThanOrEqual(1 + Math.ceil((Date.now() - started) / 5_000));
    } finally {
      await pool.end();
    }
  });
});
