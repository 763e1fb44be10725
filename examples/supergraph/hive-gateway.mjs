// Configuration of Hive Gateway: queries and mutations by HTTP, subscriptions by WebSocket and by server-sent events.
import { defineConfig } from '@graphql-hive/gateway';
import http from '@graphql-mesh/transport-http';
import { callsSocket } from './calls-socket.mjs';
import { isAnswer, unavailable } from './unavailable.mjs';

const { PORT, SUPERGRAPH_FILE, GATEWAY_SECRET } = process.env;
const trusted = { 'x-gateway-secret': GATEWAY_SECRET };

export const gatewayConfig = defineConfig({
  supergraph: SUPERGRAPH_FILE,
  // Read again, so that a supergraph that was composed anew is served without a restart.
  pollingInterval: 10_000,
  host: '127.0.0.1',
  port: Number(PORT),
  propagateHeaders: {
    // Of a client's request or, over WebSocket, of its connection_init.
    fromClientToSubgraphs: ({ context }) => ({ authorization: context.headers.authorization }),
    fromSubgraphsToClient: ({ response }) => {
      const seconds = response.headers.get('retry-after');
      return seconds === null ? {} : { 'retry-after': seconds };
    },
  },
  maskedErrors: { maskError: (error) => (isAnswer(error) ? error : unavailable(error.path)) },
  transports: { http, callsSocket: callsSocket(trusted) },
  transportEntries: {
    '*': { headers: Object.entries(trusted) },
    calls: { options: { subscriptions: { kind: 'callsSocket' } } },
  },
});
