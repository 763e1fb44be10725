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
  /** What the tokens are checked with (PEM, SPKI). The private key is known to `issue` only. */
  readonly publicKeyPem: string;
  readonly tokens: readonly DevelopmentToken[];
  /** @param nowMs Unix milliseconds */
  issue(accountId: string, deviceId: string, nowMs: number, seconds: number): Promise<string>;
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
  const issue: DevelopmentLogin['issue'] = (accountId, deviceId, issuedAtMs, seconds) => {
    const iat = Math.floor(issuedAtMs / 1000);
    const claims = { [accountClaim]: accountId, [deviceClaim]: deviceId, iat, exp: iat + seconds };
    const token = new SignJWT(claims).setProtectedHeader({ alg: 'ES256' });
    return token.setIssuer(names.issuer).setAudience(names.audience).sign(privateKey);
  };
  const tokens = DEVICES.map(async ({ accountId, deviceId }) => {
    const token = await issue(accountId, deviceId, nowMs, TOKEN_SECONDS);
    return { accountId, deviceId, token };
  });
  return { ...names, publicKeyPem: await exportSPKI(publicKey), tokens: await Promise.all(tokens), issue };
}

export interface Welcome {
  /** Where the server listens, for example http://127.0.0.1:4000. */
  readonly origin: string;
  /** Empty where the login service is a real one. */
  readonly tokens: readonly DevelopmentToken[];
  /** Whether the operations of a list are the only ones that are run. */
  readonly trustedOnly?: boolean;
  /** Whether requests have to carry GATEWAY_SECRET. */
  readonly gatewayOnly?: boolean;
}

const CALL_RELAY = '{ callRelay { turnTtlSeconds refreshAfter iceServers { urls username credential } } }';

/**
 * What a developer reads after the start: addresses, tokens, and a request to paste. For a terminal, never for a log: the
 * tokens are in it.
 */
export function welcomeText({ origin, tokens, trustedOnly = false, gatewayOnly = false }: Welcome): string {
  const page = `Open ${origin}/ in two windows, as alice and as bob, and call each other.`;
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
    ...(trustedOnly || gatewayOnly
      ? []
      : ['', 'TURN credentials for the first of them:', '', curlCommand(origin, first.token)]),
  ];
  const trusted = [
    '',
    'Only the operations of TRUSTED_DOCUMENTS_FILE are run: what is written in the playground is not.',
  ];
  const gateway = [
    '',
    'Only requests and sockets with the header x-gateway-secret (GATEWAY_SECRET) are answered: none of a page.',
  ];
  return [
    '',
    ...(first && !gatewayOnly ? [page, ''] : []),
    ...addresses,
    ...(trustedOnly ? trusted : []),
    ...(gatewayOnly ? gateway : []),
    ...(access ?? []),
    '',
    '',
  ].join('\n');
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
