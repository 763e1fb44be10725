import type { FastifyInstance, FastifyRequest } from 'fastify';
import { randomBytes } from 'node:crypto';
import type { RuruClientConfig } from 'ruru/server';
import { isOwnPage } from './development-token.js';
import type { DevelopmentToken } from './development.js';
import { exampleHeaders, examples } from './playground-examples.js';

const ASSETS = '/playground/';

/**
 * GraphiQL at /graphql for browsers, with all its files served from here: it works without a network. What is in its
 * header editor goes with queries as headers, and with subscriptions in connection_init.
 *
 * @param tokens of the development login: shown only to a browser on this machine
 */
export async function servePlayground(app: FastifyInstance, tokens: readonly DevelopmentToken[]): Promise<void> {
  const ruru = await loadRuru();
  // After the door's own checks, as what stands here is answered in the place of /graphql.
  app.addHook('preHandler', (request, reply, done) => {
    if (!isPageRequest(request)) return done();
    const nonce = randomBytes(16).toString('base64');
    reply
      .headers({
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'no-store',
        'content-security-policy': contentSecurityPolicy(nonce, request.host),
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
      })
      .send(ruru ? page(ruru, nonce, isOwnPage(request) ? tokens : []) : MISSING);
  });
  if (!ruru) return;

  app.get(`${ASSETS}*`, async (request, reply) => {
    const file = await ruru.getStaticFile({
      staticPath: ASSETS,
      urlPath: new URL(request.url, 'http://localhost').pathname,
      acceptEncoding: request.headers['accept-encoding'],
      disallowDevAssets: true,
    });
    if (!file) return reply.callNotFound();
    return reply.headers({ ...file.headers, 'x-content-type-options': 'nosniff' }).send(file.content);
  });
}

/** A browser that goes there. A script of another page would say where it comes from (Fetch, section 3.2). */
function isPageRequest({ method, url, headers }: FastifyRequest): boolean {
  return (
    method === 'GET' && url === '/graphql' && headers.origin === undefined && !!headers.accept?.includes('text/html')
  );
}

/** Its editors are large, so that only those who develop have them installed. */
async function loadRuru() {
  try {
    const [{ ruruHTML }, { getStaticFile }] = await Promise.all([import('ruru/server'), import('ruru/static')]);
    return { ruruHTML, getStaticFile };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') return null;
    throw error;
  }
}

const MISSING = `<!doctype html>
<html lang="en">
  <title>Call signaling</title>
  <link rel="icon" href="data:,">
  <p>GraphQL is served here. The playground needs a package that is not installed: <code>npm install --save-dev ruru@2</code>.</p>
</html>
`;

type Ruru = NonNullable<Awaited<ReturnType<typeof loadRuru>>>;

function page({ ruruHTML }: Ruru, nonce: string, tokens: readonly DevelopmentToken[]): string {
  const html = ruruHTML({
    endpoint: '/graphql',
    staticPath: ASSETS,
    // An icon of its own, so that the browser does not ask for one.
    htmlParts: { titleTag: '<title>Call signaling playground</title><link rel="icon" href="data:,">' },
    // GraphiQL's own options, of which the type does not know all.
    clientConfig: {
      defaultTabs: examples(),
      ...(tokens.length > 0 && { defaultHeaders: exampleHeaders(tokens) }),
    } as RuruClientConfig,
  });
  // Text within scripts has no `<script`: it is escaped there.
  return html.replaceAll('<script', `<script nonce="${nonce}"`);
}

/** Nothing from anywhere else, nothing sent anywhere else, and in no frame. Editors need styles of their own making. */
function contentSecurityPolicy(nonce: string, host: string): string {
  const sockets = URL.canParse(`http://${host}`) ? `ws://${new URL(`http://${host}`).host}` : '';
  return [
    `default-src 'none'`,
    `script-src 'self' 'nonce-${nonce}'`,
    `worker-src 'self'`,
    `style-src 'self' 'unsafe-inline'`,
    `font-src 'self' data:`,
    `img-src 'self' data:`,
    `connect-src 'self' ${sockets} ${sockets.replace('ws:', 'wss:')}`.trimEnd(),
    `base-uri 'none'`,
    `form-action 'none'`,
    `frame-ancestors 'none'`,
  ].join('; ');
}
