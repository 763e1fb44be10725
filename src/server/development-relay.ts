import { randomBytes } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import type { RelayConfigInput } from '../providers/config-input.js';
import type { AddressResolver } from '../relay/ports.js';
import { freePort, startTurnServer } from './development-turn.js';

/** The relay that stands in where none is configured: a TURN server on this machine's loopback. */
export interface DevelopmentRelay {
  /** A relay configuration as it would stand in RELAY_CONFIG_FILE. Holds the relay's secret. */
  readonly config: RelayConfigInput;
  /** Knows `localhost`, without asking any name server. */
  readonly resolver: AddressResolver;
  /** Where the relay listens on every loopback address, UDP and TCP. */
  readonly port: number;
  /** Process id of the TURN server; null when it does not run. */
  readonly pid: number | null;
  /** The program that is not installed: credentials are issued all the same, but no relay takes them. Null when it runs. */
  readonly missingProgram: string | null;
  /** Stops the relay and removes its files. Idempotent. */
  close(): Promise<void>;
}

export interface DevelopmentRelayOptions {
  /** Told when the relay has ended before it was closed. */
  readonly onExit?: () => void;
  /** The TURN server's program; coturn's when left out. */
  readonly program?: string;
}

/**
 * Makes up a shared secret and, if coturn is installed, starts it with that. The relay ends with this process, however
 * that ends.
 * @throws Error the program is installed and does not come to listen
 */
export async function startDevelopmentRelay(options: DevelopmentRelayOptions = {}): Promise<DevelopmentRelay> {
  const { onExit = () => {}, program = 'turnserver' } = options;
  const addresses = hasIpv6Loopback() ? ['127.0.0.1', '::1'] : ['127.0.0.1'];
  const secret = randomBytes(32).toString('base64url');
  const port = await freePort(addresses);
  const server = await startTurnServer({ program, secret, port, addresses, onExit });
  return {
    config: relayConfig(secret, port),
    resolver: { resolve: (hostname) => Promise.resolve(hostname === 'localhost' ? addresses : []) },
    port,
    pid: server?.pid ?? null,
    missingProgram: server ? null : program,
    close: () => server?.stop() ?? Promise.resolve(),
  };
}

function relayConfig(secret: string, port: number): RelayConfigInput {
  return {
    requestedTtlSeconds: 86_400,
    clientTtlSeconds: 43_200,
    rateLimit: { max: 20, windowSeconds: 600 },
    providers: [{ type: 'shared-secret', secret }],
    relay: {
      urls: [`turn:localhost:${port}?transport=udp`],
      urlsWithIps: [`turn:{ip}:${port}?transport=udp`],
      hostname: 'localhost',
    },
  };
}

function hasIpv6Loopback(): boolean {
  return Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ address }) => address === '::1'));
}
