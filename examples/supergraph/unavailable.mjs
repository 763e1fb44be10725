import { GraphQLError } from 'graphql';

/**
 * In the place of an answer that did not come from a subgraph: in the words of the call protocol, so that clients know that
 * they can send the same again. Says nothing of addresses.
 */
export function unavailable(path) {
  return new GraphQLError('The service is temporarily unavailable. Please try again.', {
    path,
    extensions: { code: 'CALL_UNAVAILABLE', status: 503, retryable: true },
  });
}

/** Whether an error was answered by a subgraph, or made of the request; others wrap what went wrong in the gateway. */
export function isAnswer({ name, originalError }) {
  return name === 'GraphQLError' && (originalError == null || isAnswer(originalError));
}
