import { describe, expect, it } from 'vitest';
import { ConfigRefusal, readConfig } from './config.ts';

describe('the settings', () => {
  it('have defaults that suit one machine, and an empty value counts as unset', () => {
    expect(readConfig({ PORT: '', SIGN_UP: '' })).toMatchObject({
      HOST: '127.0.0.1',
      PORT: 8000,
      DATA_DIR: './data',
      SIGN_UP: 'open',
      RATE_LIMIT: { perSecond: 50, burst: 200 },
    });
  });

  it('close sign-up wherever others could reach a fresh place', () => {
    expect(readConfig({ HOST: '0.0.0.0' }).SIGN_UP).toBe('closed');
    expect(readConfig({ PUBLIC_URL: 'https://tasks.example.test' }).SIGN_UP).toBe('closed');
    expect(readConfig({ HOST: '0.0.0.0', SIGN_UP: 'open' }).SIGN_UP).toBe('open');
  });

  it.each([
    ['MODE', 'secretly'],
    ['SERVICE', 'secret'],
    ['PORT', 'eighty'],
    ['PORT', '70000'],
    ['DATABASE_URL', 'mysql://secret@host/db'],
    ['PUBLIC_URL', 'ftp://secret'],
    ['PUBLIC_URL', 'https://tasks.example.test/secret'],
    ['BETTER_AUTH_SECRET', 'secret-too-short'],
    ['SIGN_UP', 'secretly'],
    ['RATE_LIMIT', 'secret/s'],
    ['RATE_LIMIT', '0/s,10'],
    ['METRICS_TOKEN', 'secret'],
    ['TRUST_PROXY', 'secret!'],
    ['LOG_LEVEL', 'secret'],
    ['ALLOW_UNSAFE_DATABASE', 'secret'],
  ])('refuse a wrong %s by name, without repeating it', (name, value) => {
    const refusal = (() => {
      try {
        readConfig({ [name]: value });
      } catch (error) {
        return error;
      }
    })();
    expect(refusal).toBeInstanceOf(ConfigRefusal);
    expect((refusal as Error).message).toMatch(new RegExp(`^${name} must`));
    if (value.includes('secret')) expect((refusal as Error).message).not.toContain(value);
  });

  it('of one service alone: what it cannot do without, and its own port', () => {
    const needed = { DATABASE_URL: 'postgres://host/db', BETTER_AUTH_SECRET: 'x'.repeat(32) };
    const tokens = { PUBLIC_URL: 'http://host', DAPR_API_TOKEN: 'd'.repeat(16), APP_API_TOKEN: 'a'.repeat(16) };
    const distributed = { MODE: 'distributed', ...needed, ...tokens };
    expect(() => readConfig({ MODE: 'distributed' })).toThrow(
      /^SERVICE must.*\nDATABASE_URL must.*\nBETTER_AUTH_SECRET must.*\nPUBLIC_URL must.*\nDAPR_API_TOKEN must.*\nAPP_API_TOKEN must/,
    );
    expect(() => readConfig({ ...distributed, SERVICE: 'mail' })).toThrow(/^SERVICE must be one of api, recurring/);
    expect(() => readConfig({ ...distributed, SERVICE: 'audit', DATABASE_URL: '' })).toThrow(/^DATABASE_URL must/);
    expect(() => readConfig({ SERVICE: 'audit' })).toThrow(/^SERVICE goes with MODE=distributed/);
    const portOf = (SERVICE: string) => readConfig({ ...distributed, SERVICE }).PORT;
    expect(['api', 'recurring', 'notification', 'sync', 'audit'].map(portOf)).toEqual([8000, 8001, 8002, 8003, 8004]);
    expect(readConfig({ ...distributed, SERVICE: 'sync', PORT: '9000' }).PORT).toBe(9000);
  });

  it('name every wrong one at once', () => {
    expect(() => readConfig({ PORT: 'x', LOG_LEVEL: 'y' })).toThrow(/PORT[\s\S]*LOG_LEVEL/);
  });
});
