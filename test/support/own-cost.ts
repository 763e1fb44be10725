import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** What some work costs this process, in milliseconds of CPU. */
export async function cpuOf(work: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

/** What is held in memory, in bytes. */
export function heapHeld(): number {
  gc();
  gc();
  return process.memoryUsage().heapUsed;
}
