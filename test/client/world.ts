import { freePort, startTurnServer } from '../../src/server/development-turn.js';
import { startCallWorld, type CallWorld } from '../support/call-world.js';
import type { Call } from '../../src/client/index.js';
import { Phone, reached, talk, until, type PhoneOptions } from './phone.js';

const SECRET = 'a-secret-that-the-relay-shares';
const ADDRESS = '127.0.0.1';

/** A server as a process, a TURN server, and phones of any account. */
export interface PhoneWorld {
  readonly world: CallWorld;
  /** @param name account and device, for example `alice/phone` */
  phone(name: string, options?: Partial<PhoneOptions>): Phone;
  /** Stops the TURN server, which forgets whom it relayed for, and starts it again. */
  restartRelay(): Promise<void>;
  close(): Promise<void>;
}

/** @param clientTtlSeconds of the relay's credentials; @param env settings of the server */
export async function startPhoneWorld(
  clientTtlSeconds = 1_800,
  env: Readonly<Record<string, string>> = {},
): Promise<PhoneWorld> {
  const port = await freePort([ADDRESS]);
  const startRelay = () =>
    startTurnServer({ program: 'turnserver', secret: SECRET, port, addresses: [ADDRESS], onExit: () => {} });
  let turn = await startRelay();
  const world = await startCallWorld(env, {
    requestedTtlSeconds: 3_600,
    clientTtlSeconds,
    rateLimit: { max: 1_000, windowSeconds: 600 },
    providers: [{ type: 'shared-secret', secret: SECRET }],
    relay: { urls: [`turn:${ADDRESS}:${port}?transport=udp`] },
  });
  const phones: Phone[] = [];
  return {
    world,
    phone: (name, options = {}) => {
      const phone = new Phone({ origin: () => world.origin, token: () => world.token(name), ...options });
      phones.push(phone);
      return phone;
    },
    restartRelay: async () => {
      await turn?.stop();
      turn = await startRelay();
    },
    close: async () => {
      for (const phone of phones) phone.close();
      await world.close();
      await turn?.stop();
    },
  };
}

export async function online(...phones: readonly Phone[]): Promise<void> {
  await Promise.all(phones.map(({ client }) => until(client.state, (state) => state === 'online')));
}

/** A call that was answered, and on which both have spoken. @param account the callee's */
export async function talking(caller: Phone, callee: Phone, account: string): Promise<readonly [Call, Call]> {
  await online(caller, callee);
  const ours = caller.client.start(account, { media: 'AUDIO' });
  const theirs = await callee.ringing();
  await theirs.answer();
  await Promise.all([reached(ours, 'ACTIVE'), reached(theirs, 'ACTIVE')]);
  await talk(caller.line, callee.line);
  return [ours, theirs];
}
