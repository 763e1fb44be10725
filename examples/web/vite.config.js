import react from '@vitejs/plugin-react';
import { fileURLToPath } from 'node:url';

/**
 * `npx vite examples/web` shows changes as they are saved, beside a server that `npm start` runs. An object for each path: the
 * short form changes the Host, and tokens are for pages of the same host only.
 */
const SERVER = { target: 'http://127.0.0.1:4000', ws: true };

export default {
  plugins: [react()],
  resolve: {
    // A project of your own has the package itself.
    alias: { 'voip-call-signaling/client': fileURLToPath(new URL('../../src/client/index.ts', import.meta.url)) },
  },
  server: { proxy: { '/graphql': SERVER, '/development': SERVER } },
  build: { modulePreload: { polyfill: false } },
};
