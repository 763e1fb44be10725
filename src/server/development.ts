import { exportSPKI, generateKeyPair, SignJWT } from 'jose';

/** An access token that is ready to be used. */
export interface DevelopmentToken {
  readonly accountId: string;
  readonly deviceId: string;
  readonly token: string;
}

/** Stands in for the login service where none is configured. */
export interface DevelopmentLogin {
  readonly issuer: string;
  readonly audience: string;
  /** What the tokens are checked with (PEM, SPKI). The private key is not kept. */
  readonly publicKeyPem: string;
  readonly tokens: readonly DevelopmentToken[];
}

export interface DevelopmentLoginOptions {
  readonly issuer?: string | null;
  readonly audience?: string | null;
  readonly accountClaim: string;
  readonly deviceClaim: string;
}

/** Two who can call each other, each with a second device that rings along. */
const DEVICES = [
  { accountId: 'alice', deviceId: 'alice-phone' },
  { accountId: 'alice', deviceId: 'alice-laptop' },
  { accountId: 'bob', deviceId: 'bob-phone' },
  { accountId: 'bob', deviceId: 'bob-laptop' },
] as const;

const TOKEN_SECONDS = 12 * 60 * 60;

/**
 * Makes a key pair for this run and signs one token a device with it, good for 12 hours.
 * @param nowMs Unix milliseconds
 */
export async function createDevelopmentLogin(
  { issuer, audience, accountClaim, deviceClaim }: DevelopmentLoginOptions,
  nowMs: number,
): Promise<DevelopmentLogin> {
  const names = { issuer: issuer ?? 'development-login', audience: audience ?? 'voip-call-signaling' };
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const iat = Math.floor(nowMs / 1000);
  const tokens = DEVICES.map(async ({ accountId, deviceId }) => {
    const claims = { [accountClaim]: accountId, [deviceClaim]: deviceId, iat, exp: iat + TOKEN_SECONDS };
    const token = new SignJWT(claims).setProtectedHeader({ alg: 'ES256' });
    return {
      accountId,
      deviceId,
      token: await token.setIssuer(names.issuer).setAudience(names.audience).sign(privateKey),
    };
  });
  return { ...names, publicKeyPem: await exportSPKI(publicKey), tokens: await Promise.all(tokens) };
}

export interface Welcome {
  /** Where the server listens, for example http://127.0.0.1:4000. */
  readonly origin: string;
  /** Empty where the login service is a real one. */
  readonly tokens: readonly DevelopmentToken[];
}

const CALL_RELAY = '{ callRelay { turnTtlSeconds refreshAfter iceServers { urls username credential } } }';

/**
 * What a developer reads after the start: addresses, tokens, and a request to paste. For a terminal, never for a log: the
 * tokens are in it.
 */
export function welcomeText({ origin, tokens }: Welcome): string {
  const addresses = [
    `GraphQL      ${origin}/graphql`,
    `WebSocket    ${origin.replace(/^http/, 'ws')}/graphql (graphql-transport-ws)`,
    `Playground   ${origin}/graphql in a browser`,
    `Health       ${origin}/healthz ${origin}/readyz ${origin}/metrics`,
  ];
  const [first] = tokens;
  const access = first && [
    '',
    'Access tokens, good for 12 hours (header authorization: Bearer TOKEN):',
    ...tokens.flatMap(({ accountId, deviceId, token }) => ['', `${accountId} on ${deviceId}`, token]),
    '',
    'TURN credentials for the first of them:',
    '',
    curlCommand(origin, first.token),
  ];
  return ['', ...addresses, ...(access ?? []), '', ''].join('\n');
}

/** One line that a POSIX shell takes as it is: nothing within the single quotes is or can be a single quote. */
export function curlCommand(origin: string, token: string): string {
  const body = JSON.stringify({ query: CALL_RELAY });
  return [
    // Without -g curl reads the brackets of an IPv6 address as a range.
    `curl -sSg '${origin}/graphql'`,
    `-H 'content-type: application/json'`,
    `-H 'authorization: Bearer ${token}'`,
    `-d '${body}'`,
  ].join(' ');
}
