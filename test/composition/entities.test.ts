/** What a gateway asks of a subgraph and what it must not get, asked of the running server directly. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startCallWorld, type CallWorld } from '../support/call-world.js';
import { sdp } from '../support/device.js';
import { startFakeDirectory, type FakeDirectory } from '../support/fake-directory.js';

const ENTITIES = `query ($representations: [_Any!]!) {
  _entities(representations: $representations) {
    __typename
    ... on Call { id state viewerRole caller { device { name } } callee { device { name } } }
    ... on Device { name }
    ... on Account { id }
  }
}`;
const START = 'mutation ($input: StartCallInput!) { startCall(input: $input) { call { id } } }';

let directory: FakeDirectory;
let world: CallWorld;
/** A call from alice's phone to bob. */
let callId: string;

beforeAll(async () => {
  directory = await startFakeDirectory();
  for (const account of ['alice', 'bob', 'carol']) {
    directory.accounts.set(account, [{ id: 'phone', name: `phone of ${account}`, active: true }]);
  }
  world = await startCallWorld({ DEVICE_DIRECTORY_URL: directory.url });
  const input = { clientCallId: crypto.randomUUID(), calleeAccountId: 'bob', media: 'AUDIO', offerSdp: sdp('offer') };
  const { data } = await world.ask<{ startCall: { call: { id: string } } }, unknown>('alice/phone', START, { input });
  callId = data!.startCall.call.id;
});
afterAll(async () => {
  await world.close();
  await directory.close();
});

interface Sdl {
  readonly _service: { readonly sdl: string };
}
interface Entities {
  readonly _entities: readonly (Record<string, unknown> | null)[];
}

const entities = (name: string | null, representations: readonly unknown[]) =>
  world.ask<Entities, unknown>(name, ENTITIES, { representations });
const own = () => ({ __typename: 'Call', id: callId });
const asCaller = () => ({
  __typename: 'Call',
  id: callId,
  state: 'INITIATED',
  viewerRole: 'CALLER',
  caller: { device: { name: 'phone of alice' } },
  callee: { device: null },
});

describe('the subgraph', () => {
  it('says what it is made of to whoever composes, without a token', async () => {
    const { data } = await world.ask<Sdl, unknown>(null, '{ _service { sdl } }');
    const { sdl: text } = data!._service;
    expect(text).toContain(
      '@link(url: "https://specs.apollo.dev/federation/v2.5", import: ["@key", "@shareable", "@composeDirective"])',
    );
    expect(text).toMatch(/type Call\s+@key\(fields: "id"\)\s/);
    expect(text).toMatch(/type Account\s+@key\(fields: "id", resolvable: false\)\s/);
    expect(text).toMatch(/type Device\s+@key\(fields: "accountId id", resolvable: false\)\s/);
    expect(text).toMatch(/name: String @shareable\s/);
    expect(text).toMatch(/@composeDirective\(name: "@auth"\)\s+@composeDirective\(name: "@rateLimit"\)/);
  });

  it('has the root fields and types of federation', async () => {
    const { data } = await world.ask(
      null,
      '{ entity: __type(name: "_Entity") { possibleTypes { name } } any: __type(name: "_Any") { kind } }',
    );
    expect(data).toEqual({
      entity: { possibleTypes: [{ name: 'Account' }, { name: 'Call' }, { name: 'Device' }] },
      any: { kind: 'SCALAR' },
    });
  });

  it('tells no timings to who asks for a federated trace', async () => {
    const response = await fetch(`${world.origin}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'apollo-federation-include-trace': 'ftv1' },
      body: '{"query":"{ __typename }"}',
    });
    expect(await response.json()).toEqual({ data: { __typename: 'Query' } });
  });
});

describe('_entities', () => {
  it('gives each party its view of a call, and believes nothing else of a representation', async () => {
    const forged = { ...own(), state: 'ENDED', viewerRole: 'CALLEE', caller: { device: { name: 'forged' } } };
    expect((await entities('alice/phone', [forged])).data).toEqual({ _entities: [asCaller()] });
    expect((await entities('bob/phone', [own()])).data).toEqual({
      _entities: [{ ...asCaller(), viewerRole: 'CALLEE', caller: { device: null } }],
    });
  });

  it('does not tell a call of others from one that does not exist', async () => {
    const representations = [own(), { __typename: 'Call', id: 'none' }, { __typename: 'Call', id: 'none.at-all' }];
    expect(await entities('carol/phone', representations)).toMatchObject({
      status: 200,
      data: { _entities: [null, null, null] },
      errors: [],
    });
  });

  it.each([
    ['nobody', null],
    ['a device that is not registered', 'alice/stolen'],
  ])('refuses %s', async (_who, name) => {
    const { data, errors } = await entities(name, [own()]);
    expect(errors).toMatchObject([{ path: ['_entities', 0], extensions: { code: 'CALL_UNAUTHORIZED', status: 401 } }]);
    expect(data).toEqual({ _entities: [null] });
  });

  it.each<[string, unknown]>([
    ['a device, for its name', { __typename: 'Device', accountId: 'bob', id: 'phone' }],
    ["one's own device", { __typename: 'Device', accountId: 'alice', id: 'phone' }],
    ['an account', { __typename: 'Account', id: 'bob' }],
    ['a type that is no entity', { __typename: 'CallRelay', id: 'x' }],
    ['a root type', { __typename: 'Query', id: 'x' }],
    ['a type that does not exist', { __typename: 'Nothing', id: 'x' }],
    ['a name that objects have', { __typename: '__proto__', id: 'x' }],
    ['a type that is no name', { __typename: { name: 'Call' }, id: 'x' }],
    ['no type', { id: 'x' }],
    ['no key', { __typename: 'Call' }],
    ['a null key', { __typename: 'Call', id: null }],
    ['a number as key', { __typename: 'Call', id: 7 }],
    ['a list as key', { __typename: 'Call', id: ['x'] }],
    ['an object as key', { __typename: 'Call', id: { toString: 'x' } }],
    ['a text', 'Call'],
    ['a number', 7],
  ])('refuses %s in its place, and answers for the others', async (_what, representation) => {
    const { data, errors } = await entities('alice/phone', [own(), representation, own()]);
    expect(data).toEqual({ _entities: [asCaller(), null, asCaller()] });
    expect(errors).toEqual([
      {
        message: 'representations: Call, by id.',
        path: ['_entities', 1],
        locations: expect.any(Array),
        extensions: { code: 'CALL_INPUT_INVALID', status: 400, retryable: false },
      },
    ]);
  });

  it.each([
    ['too long', 'x'.repeat(257)],
    ['not printable', 'a\u0000b'],
    ['empty', ''],
  ])('refuses a key that is %s', async (_what, id) => {
    const { errors } = await entities('alice/phone', [{ __typename: 'Call', id }]);
    expect(errors).toMatchObject([{ message: 'id: 1 to 256 printable ASCII characters.' }]);
  });

  it('answers for 200 calls at once in their order; more are refused before anything is looked up', async () => {
    const many = Array.from({ length: 200 }, (_, index) =>
      index % 7 ? own() : { __typename: 'Call', id: `${index}` },
    );
    const { data } = await entities('bob/phone', many);
    expect(data?._entities.map((entity) => entity?.['id'] ?? null)).toEqual(
      many.map(({ id }) => (id === callId ? id : null)),
    );

    const tooMany = Array.from({ length: 400 }, own);
    for (let attempt = 0; attempt < 3; attempt += 1) {
      expect((await entities('bob/phone', tooMany)).errors).toMatchObject([
        { message: 'representations: at most 200.', path: ['_entities'], extensions: { code: 'CALL_INPUT_INVALID' } },
      ]);
    }
    // They took no permits: of 600 a minute 200 are used.
    expect((await entities('bob/phone', many)).errors).toEqual([]);
  });

  it('counts each reference as a read of the device', async () => {
    const many = Array.from({ length: 200 }, own);
    const codes: unknown[] = [];
    for (let attempt = 0; attempt < 4; attempt += 1) {
      codes.push(...(await entities('carol/phone', many)).errors.map(({ extensions }) => extensions['code']));
    }
    expect(codes.length).toBeGreaterThanOrEqual(200);
    expect(new Set(codes)).toEqual(new Set(['CALL_RATE_LIMITED']));
  });

  it('has raised no defect in all this', () => {
    expect(world.server.output()).not.toContain('"level":"error"');
  });
});
