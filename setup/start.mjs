// npm start: whatever is missing, then the server, in this process so that signals reach it.
import { build } from './build.mjs';
import { install } from './install.mjs';
import { endWithNpm } from './run.mjs';

endWithNpm();
try {
  await install();
  await build();
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
await import('../dist/server/main.js');
