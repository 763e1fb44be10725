import { GraphQLError, print } from 'graphql';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { unavailable } from './unavailable.mjs';

/**
 * How Hive Gateway subscribes to the call subgraph: over a socket for each subscription, under the name of its client.
 *
 * When that socket closes, the client is told, and comes back with its cursor. The transport that the gateway brings along
 * would come back by itself instead, five times: with the cursor of the beginning, and a token that may have expired.
 *
 * @param headers of the upgrade requests
 */
export function callsSocket(headers) {
  class Socket extends WebSocket {
    constructor(url, protocol) {
      super(url, protocol, { headers });
    }
  }
  return {
    getSubgraphExecutor: ({ transportEntry }) => {
      const open = new Set();
      const subscribe = ({ document, variables, context }) => {
        const client = createClient({
          url: transportEntry.location.replace(/^http/, 'ws'),
          webSocketImpl: Socket,
          connectionParams: { authorization: context.headers.authorization },
          retryAttempts: 0,
        });
        open.add(client);
        const results = client.iterate({ query: print(document), variables });
        return iterator(results, () => open.delete(client));
      };
      // When a new supergraph is served, what runs on the old one ends.
      subscribe[Symbol.asyncDispose] = () => Promise.all([...open].map((client) => client.dispose()));
      return subscribe;
    },
  };
}

/** A failure becomes the last result, in words that clients know. */
function iterator(results, onEnd) {
  let failed = false;
  const end = () => {
    onEnd();
    return { done: true, value: undefined };
  };
  const next = async () => {
    if (failed) return end();
    try {
      const result = await results.next();
      return result.done ? end() : result;
    } catch (failure) {
      failed = true;
      return { done: false, value: { errors: Array.isArray(failure) ? failure : [errorOf(failure)] } };
    }
  };
  const iterable = {
    next,
    return: async () => {
      await results.return();
      return end();
    },
    [Symbol.asyncIterator]: () => iterable,
  };
  return iterable;
}

/** @param code of the close: 4403 for a client whose token is not good, or no longer */
function errorOf({ code }) {
  if (code !== 4403) return unavailable();
  return new GraphQLError('Authentication required.', {
    extensions: { code: 'CALL_UNAUTHORIZED', status: 401, retryable: false },
  });
}
