// A login service for this project's server, and relay credentials that need no network.
import { exportJWK, exportSPKI, generateKeyPair, importJWK, SignJWT } from 'jose';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [ISSUER, AUDIENCE] = ['https://login.example', 'calls'];
const RELAY = {
  requestedTtlSeconds: 86_400,
  clientTtlSeconds: 43_200,
  rateLimit: { max: 20, windowSeconds: 600 },
  providers: [{ type: 'shared-secret', secret: 'bench' }],
  relay: { urls: ['turn:turn.example.com:3478?transport=udp'] },
};

/**
 * @param relay the relay configuration
 * @returns the server's settings; the key that signs tokens for it; both as the environment of another process; the public key
 */
export async function makeLogin(relay = RELAY) {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const publicPem = await exportSPKI(publicKey);
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  process.once('exit', () => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'key.pem'), publicPem);
  writeFileSync(join(folder, 'relay.json'), JSON.stringify(relay));
  return {
    settings: {
      PORT: '0',
      LOG_LEVEL: 'error',
      AUTH_PUBLIC_KEY_FILE: join(folder, 'key.pem'),
      AUTH_ISSUER: ISSUER,
      AUTH_AUDIENCE: AUDIENCE,
      RELAY_CONFIG_FILE: join(folder, 'relay.json'),
    },
    /** What a peer needs to check the same tokens. */
    peerSettings: { PUBLIC_KEY: publicPem, ISSUER, AUDIENCE },
    login: privateKey,
    env: { LOGIN_KEY: JSON.stringify(await exportJWK(privateKey)) },
  };
}

/** In a process that was given `env`. */
export function givenLogin() {
  return importJWK(JSON.parse(process.env.LOGIN_KEY), 'ES256');
}

/** A good token of a device. */
export function tokenOf(account, login, device = 'phone') {
  return new SignJWT({ device_id: device })
    .setProtectedHeader({ alg: 'ES256' })
    .setSubject(account)
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
    .setIssuedAt()
    .setExpirationTime('2h')
    .sign(login);
}

/** Settings of servers that share a Redis. */
export function sharedSettings(redis) {
  return {
    REDIS_URL: redis.url,
    ENCRYPTION_KEYS: `k1:${randomBytes(32).toString('base64')}`,
    NAME_KEY: randomBytes(32).toString('base64'),
  };
}
