import type { FastifyInstance } from 'fastify';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../ports.js';
import { serveDevelopmentTokens } from './development-token.js';
import type { DevelopmentLogin } from './development.js';

export interface WebPageOptions {
  /** Where the built page is; null, or a folder that is not there: there is none. */
  readonly directory: string | null;
  readonly login: DevelopmentLogin;
  readonly clock: Clock;
}

const HEADERS = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    // Not every browser takes the WebSocket of the same host for 'self'.
    "connect-src 'self' ws:",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; '),
  'permissions-policy': 'camera=(self), microphone=(self), autoplay=(self), geolocation=(), display-capture=()',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const;

const MISSING = `<!doctype html>
<html lang="en">
  <title>Call signaling</title>
  <link rel="icon" href="data:,">
  <p>The server runs, but its web page was not built. <a href="/graphql">The playground</a> is there.</p>
</html>
`;

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Made by the build from examples/web. @returns null: a bundle as CommonJS does not know where it is */
export function builtPage(): string | null {
  const here = import.meta.url;
  return URL.canParse('../web', here) ? fileURLToPath(new URL('../web', here)) : null;
}

/** The page on which two people talk, at /. For development: whoever opens it says who he is. */
export function serveWebPage(app: FastifyInstance, { directory, login, clock }: WebPageOptions): void {
  serveDevelopmentTokens(app, login, clock);
  void app.register(async (page) => {
    page.addHook('onSend', async (_request, reply) => void reply.headers(HEADERS));
    const files = directory === null ? [] : readPage(directory);
    for (const { path, type, content } of files) {
      // The names of all other files change with their content.
      const cacheControl = path === '/' ? 'no-cache' : 'public, max-age=31536000, immutable';
      page.get(path, (_request, reply) => reply.type(type).header('cache-control', cacheControl).send(content));
    }
    if (files.length === 0) page.get('/', (_request, reply) => reply.type(TYPES['.html']!).send(MISSING));
  });
}

/** All of it, once: nothing in a request is ever made a path, and a build meanwhile takes nothing away. */
function readPage(directory: string): { path: string; type: string; content: Buffer }[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).flatMap((name) => {
    const type = TYPES[extname(name)];
    if (type === undefined) return [];
    const path = name === 'index.html' ? '/' : `/${name.split(sep).join('/')}`;
    return [{ path, type, content: readFileSync(join(directory, name)) }];
  });
}
