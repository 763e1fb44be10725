/** What a gateway does with two subgraphs, done by hand: the names of accounts come from where accounts live. */
import { expect, it } from '@jest/globals';
import { startCallWorld } from '../support/call-world.js';
import { sdp } from '../support/device.js';
import { startProcess } from '../support/process.js';

interface Call {
  readonly id: string;
  readonly caller: { readonly device: unknown };
  readonly callee: { readonly account: unknown };
}

const START = `mutation ($input: StartCallInput!) {
  startCall(input: $input) {
    call { id caller { device { __typename accountId id } } callee { account { __typename id } } }
  }
}`;
const ENTITIES = `query ($representations: [_Any!]!) {
  _entities(representations: $representations) { ... on Account { displayName } ... on Device { name platform } }
}`;

it('the parties of a call are given names by the subgraph of accounts', async () => {
  const world = await startCallWorld();
  const accounts = startProcess(process.execPath, {
    args: ['examples/supergraph/accounts/server.mjs'],
    env: { PORT: '0', GATEWAY_SECRET: 'between-us' },
  });
  try {
    const input = { clientCallId: crypto.randomUUID(), calleeAccountId: 'bob', media: 'AUDIO', offerSdp: sdp('offer') };
    const { data } = await world.ask<{ startCall: { call: Call } }, unknown>('alice/phone', START, { input });
    const { caller, callee } = data!.startCall.call;

    const [, url = ''] = await accounts.printed(/listening on (\S+)/);
    const ask = async (secret: string) => {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-gateway-secret': secret },
        body: JSON.stringify({ query: ENTITIES, variables: { representations: [callee.account, caller.device] } }),
      });
      return { status: response.status, body: await response.json() };
    };
    expect(await ask('between-us')).toEqual({
      status: 200,
      body: { data: { _entities: [{ displayName: 'Bob the Builder' }, { name: 'phone', platform: 'Android' }] } },
    });
    expect(await ask('between-others')).toMatchObject({
      status: 403,
      body: { errors: [{ extensions: { code: 'FORBIDDEN' } }] },
    });
  } finally {
    await accounts.stop();
    await world.close();
  }
});
