// npm start: whatever is missing, then the server, in this process. The shell gives way to it (exec in package.json): a shell
// that npm passes its signals on to waits for what it runs (SIGINT) or dies (SIGTERM), and tells it nothing.
import { build } from './build.mjs';
import { install } from './install.mjs';
import { endWithNpm, stopOnSignal } from './run.mjs';

endWithNpm();
const started = stopOnSignal();
try {
  await install();
  await build();
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
started();
await import('../dist/server/main.js');
