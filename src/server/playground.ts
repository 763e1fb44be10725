import type { FastifyInstance } from 'fastify';
import { ruruHTML, type RuruClientConfig } from 'ruru/server';
import { getStaticFile } from 'ruru/static';

const ASSETS = '/playground/';

const EXAMPLE = `# Runs as it is: the token below, under Headers, is one of the development tokens.
query TurnCredentials {
  callRelay {
    iceServers {
      urls
      username
      credential
    }
    turnTtlSeconds
    refreshAfter
  }
}
`;

/**
 * GraphiQL at /graphql for browsers, with all its files served from here: it works without a network. The header editor
 * authenticates queries.
 *
 * @param token a development token to open with, if there is one
 */
export function servePlayground(app: FastifyInstance, token: string | null): void {
  const page = ruruHTML({
    endpoint: '/graphql',
    staticPath: ASSETS,
    htmlParts: { titleTag: '<title>Call signaling playground</title>' },
    clientConfig: {
      defaultQuery: EXAMPLE,
      ...(token !== null && { initialHeaders: JSON.stringify({ authorization: `Bearer ${token}` }, null, 2) }),
    } as RuruClientConfig,
  });

  app.addHook('onRequest', (request, reply, done) => {
    const isPage = request.method === 'GET' && request.url === '/graphql';
    if (!isPage || !request.headers.accept?.includes('text/html')) return done();
    reply.type('text/html; charset=utf-8').header('cache-control', 'no-store').send(page);
  });

  app.get(`${ASSETS}*`, async (request, reply) => {
    const file = await getStaticFile({
      staticPath: ASSETS,
      urlPath: new URL(request.url, 'http://localhost').pathname,
      acceptEncoding: request.headers['accept-encoding'],
      disallowDevAssets: true,
    });
    return file ? reply.headers(file.headers).send(file.content) : reply.callNotFound();
  });
}
