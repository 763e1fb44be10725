import { ApolloServer } from '@apollo/server';
import type { AddressInfo } from 'node:net';
import type { CallContext } from '../../src/graphql/context.js';
import type { CallAdapters } from '../../src/signaling/options.js';
import { createHttp } from '../../src/server/http.js';
import { createCallSignaling } from '../../src/signaling.js';
import type { CallSignaling } from '../../src/signaling/parts.js';
import { SignalingError } from '../../src/errors.js';

/** The HTTP door of a production server in this process, so that its CPU and memory can be measured. */
export interface CostWorld {
  readonly signaling: CallSignaling;
  readonly url: string;
  /**
   * Sends a body as it is, from a client address of its own: what one address may send is not what is measured.
   *
   * @param account a stranger sends none
   * @param address that of the client
   */
  post(body: string, account?: string, address?: string): Promise<string>;
  close(): Promise<void>;
}

const HOUR_MS = 3_600_000;

/** @param adapters in the place of this process's memory; whoever makes them closes them */
export async function startCostWorld(adapters?: CallAdapters, introspection = false): Promise<CostWorld> {
  const signaling = createCallSignaling({
    ...(adapters && { adapters }),
    authenticator: async (token) => {
      if (token.startsWith('stranger')) throw new SignalingError('CALL_UNAUTHORIZED');
      return { accountId: token, deviceId: 'phone', issuedAt: Date.now(), expiresAt: Date.now() + HOUR_MS };
    },
    relay: {
      config: {
        requestedTtlSeconds: 86_400,
        clientTtlSeconds: 43_200,
        rateLimit: { max: 20, windowSeconds: 600 },
        providers: [{ type: 'shared-secret', secretFile: '/run/secrets/turn' }],
        relay: { urls: ['turn:turn.example.com:3478?transport=udp'] },
      },
      readSecret: () => 'a secret of the tests',
    },
    production: true,
    introspection,
  });
  const apollo = new ApolloServer<CallContext>({ ...signaling.apollo, stopOnTerminationSignals: false });
  await apollo.start();
  const app = await createHttp({
    apollo,
    executor: signaling.executor,
    context: signaling.context,
    allowsOrigin: () => false,
    gatewaySecret: null,
    trustProxy: ['127.0.0.0/8'],
    onDefect: () => {},
  });
  // On a busy machine this process could send on an idle connection that the server lets go in the same turn.
  app.server.keepAliveTimeout = 0;
  await app.listen({ port: 0, host: '127.0.0.1' });
  let clients = 0;
  /** An IPv4 address that no client had before. */
  const nextAddress = (): string => {
    clients += 1;
    return `10.${[16, 8, 0].map((bits) => (clients >> bits) & 255).join('.')}`;
  };
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}/graphql`;

  return {
    signaling,
    url,
    post: async (body, account, address = nextAddress()) => {
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/graphql-response+json',
          'x-forwarded-for': address,
          ...(account !== undefined && { authorization: `Bearer ${account}` }),
        },
        body,
      });
      return response.text();
    },
    close: async () => {
      await app.close();
      await apollo.stop();
      await signaling.close();
    },
  };
}
