// node bundle.mjs <entry>…: bundles each module for browsers, minified, and prints what became of it as JSON.
import { dirname } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';

/** @param without modules of packages that are left out */
async function bundle(entry, without = []) {
  const { output } = await build({
    root: dirname(entry),
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      target: 'es2022',
      minify: true,
      modulePreload: false,
      rollupOptions: { input: entry, preserveEntrySignatures: 'strict', external: (id) => without.includes(id) },
    },
  });
  const [chunk] = output;
  return {
    chunks: output.length,
    /** Modules of which something is left. */
    modules: Object.entries(chunk.modules).flatMap(([id, { renderedLength }]) => (renderedLength > 0 ? [id] : [])),
    imports: chunk.imports,
    bytes: Buffer.byteLength(chunk.code),
    gzipBytes: gzipSync(chunk.code, { level: 9 }).length,
  };
}

const bundles = {};
for (const entry of process.argv.slice(2)) {
  bundles[entry] = { whole: await bundle(entry), withoutPeer: await bundle(entry, ['graphql', 'graphql-ws/client']) };
}
console.log(JSON.stringify(bundles));
