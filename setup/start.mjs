// npm start: whatever is missing, then the server, in this process so that signals reach it.
import { build } from './build.mjs';
import { install } from './install.mjs';

// npm hands its signals to a shell, which dies of them and passes nothing on: its end stands for the signal.
if (process.env.npm_lifecycle_event !== undefined) {
  const shell = process.ppid;
  setInterval(() => process.ppid !== shell && process.kill(process.pid, 'SIGTERM'), 250).unref();
}

try {
  await install();
  await build();
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
await import('../dist/server/main.js');
