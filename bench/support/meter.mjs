// Loaded into a server that is measured: says over the channel to the bench what its process uses, and makes a CPU profile of it.
import { Session } from 'node:inspector/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose_gc');
const collect = runInNewContext('gc');
const session = new Session();

const answers = {
  usage: () => {
    const { user, system } = process.cpuUsage();
    return { cpuMicros: user + system };
  },
  /** Of memory that is in use: garbage says only when it was collected last. */
  memory: () => {
    for (let i = 0; i < 3; i += 1) collect();
    return process.memoryUsage();
  },
  profile: async () => {
    session.connect();
    await session.post('Profiler.enable');
    await session.post('Profiler.setSamplingInterval', { interval: 500 });
    await session.post('Profiler.start');
  },
  profiled: async () => (await session.post('Profiler.stop')).profile,
};

process.on('message', async ({ meter }) => process.send({ meter: (await answers[meter]()) ?? null }));
// A server that is told to end does not stay for the bench.
process.channel.unref();
