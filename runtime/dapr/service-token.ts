import { hkdfSync } from 'node:crypto';
import { jwtVerify, SignJWT } from 'jose';

/** Seconds. */
const GOOD_FOR = 60;

export interface ServiceTokens {
  /** Says that this app asks that one. */
  issue(audience: string): Promise<string>;
  /** Who asks. @throws where it is not for us, not of ours, or too old */
  read(token: string): Promise<string>;
}

/** Behind the sidecar's own token: a question is answered to the services of this place alone (RFC 7519, HS256). */
export function createServiceTokens(secret: string, app_id: string): ServiceTokens {
  const key = new Uint8Array(hkdfSync('sha256', secret, '', 'taskmaster services', 32));
  return {
    issue: (audience) =>
      new SignJWT()
        .setProtectedHeader({ alg: 'HS256' })
        .setIssuer(app_id)
        .setAudience(audience)
        .setIssuedAt()
        .setExpirationTime(`${GOOD_FOR}s`)
        .sign(key),
    async read(token) {
      const { payload } = await jwtVerify(token, key, {
        audience: app_id,
        algorithms: ['HS256'],
        requiredClaims: ['iss', 'exp'],
      });
      return payload.iss as string;
    },
  };
}
