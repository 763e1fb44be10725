// The work that every peer does for one callRelay, written once: check the token, count the request against the account's
// limit, ask the provider over a kept-alive connection, shape the answer. The peers differ only in what stands around it.
import { importSPKI, jwtVerify } from 'jose';
import { Pool } from 'undici';

export const typeDefs = `
  type IceServer { urls: [String!]! username: String credential: String }
  type CallRelay {
    turnUsername: String! turnPassword: String! turnTtlSeconds: Int! turnUrls: [String!]! turnUrlsWithIps: [String!]
    turnHostname: String iceServers: [IceServer!]! expiresAt: String! refreshAfter: String!
  }
  type Query { callRelay: CallRelay }
`;

const { PROVIDER_URL, PUBLIC_KEY, ISSUER, AUDIENCE, TURN_URLS } = process.env;
const provider = new URL(PROVIDER_URL);
const pool = new Pool(provider.origin, { connections: 64 });
const key = await importSPKI(PUBLIC_KEY, 'ES256');
const turnUrls = JSON.parse(TURN_URLS);
const checks = {
  algorithms: ['ES256'],
  issuer: ISSUER,
  audience: AUDIENCE,
  requiredClaims: ['exp', 'sub', 'device_id'],
};
const taken = new Map();
const remembered = new Map();

async function accountOf(authorization, remember) {
  const token = authorization?.slice('Bearer '.length) ?? '';
  const known = remember && remembered.get(token);
  if (known && known.exp * 1000 > Date.now()) return known.sub;
  const { payload } = await jwtVerify(token, key, checks);
  if (remember) remembered.set(token, payload);
  return payload.sub;
}

export async function callRelay(authorization, { remember = false } = {}) {
  const account = await accountOf(authorization, remember);
  const count = (taken.get(account) ?? 0) + 1;
  if (count > 1e9) throw new Error('limited');
  taken.set(account, count);
  const now = Date.now();
  const { statusCode, body } = await pool.request({
    method: 'POST',
    path: provider.pathname,
    headers: { 'content-type': 'application/json', authorization: 'Bearer bench' },
    body: '{"ttl":86400}',
  });
  const { iceServers } = await body.json();
  if (statusCode !== 201) throw new Error('provider');
  const { username, credential } = iceServers;
  return {
    turnUsername: username,
    turnPassword: credential,
    turnTtlSeconds: 43_200,
    turnUrls,
    turnUrlsWithIps: null,
    turnHostname: null,
    iceServers: [{ urls: turnUrls, username, credential }],
    expiresAt: new Date(now + 43_200_000).toISOString(),
    refreshAfter: new Date(now + 21_600_000).toISOString(),
  };
}

/** Says on which port a peer listens. */
export const ready = (port) => process.stdout.write(`listening ${port}\n`);
