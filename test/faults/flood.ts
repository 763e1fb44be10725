import type { CallWorld } from '../support/call-world.js';
import type { TestDevice } from '../support/device.js';

/** A call that rings, and what its caller has sent. */
export interface RingingCall {
  readonly caller: TestDevice;
  readonly call: { readonly id: string };
  readonly lines: string[];
}

/** Calls from accounts that nobody else uses. */
export function ringFrom(world: CallWorld, callers: number, callee: string): Promise<RingingCall[]> {
  return Promise.all(
    Array.from({ length: callers }, async (_, n) => {
      const caller = world.device(`caller-${n}-of-${callee}/phone`);
      const { call } = await caller.start(callee);
      return { caller, call, lines: [] };
    }),
  );
}

/** Sends so many candidates, so many in one mutation. Resolves when they are acknowledged. */
export async function sendAll({ caller, call, lines }: RingingCall, count: number, atOnce: number): Promise<void> {
  const sending: Promise<unknown>[] = [];
  for (let sent = 0; sent < count; sent += atOnce) {
    const batch = Array.from({ length: atOnce }, (_, n) => longLine(sent + n));
    lines.push(...batch);
    sending.push(caller.candidates(call.id, batch));
    // As many as may be under way on one socket.
    if (sending.length % 50 === 0) await Promise.all(sending.splice(0));
  }
  await Promise.all(sending);
}

/** A candidate as long as one may be, 2 KiB. */
function longLine(n: number): string {
  return `candidate:${n} 1 udp 2122260223 192.0.2.1 40000 typ host extension `.padEnd(2_048, 'x');
}
