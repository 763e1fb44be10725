/** The stream behind a gateway, whose connections outlive the sessions of those who made them. */
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { CallError } from '../../src/client/errors.js';
import { CallStream, type CallEvent } from '../../src/client/stream.js';
import type { StreamSink, Transport } from '../../src/client/transport.js';

type Sink = StreamSink<{ callEvents: CallEvent }>;

/** What was asked of the transport, in order, and the subscription that is open. */
function createWorld() {
  const asked: string[] = [];
  const world = { asked, sink: null as Sink | null, send: (): void => {} };
  const transport: Transport = {
    execute: () => Promise.reject(new Error('not of this test')),
    subscribe: (_document, variables, sink) => {
      world.send = () => asked.push(`subscribe after ${(variables as { after: string | null }).after}`);
      world.send();
      world.sink = sink as unknown as Sink;
      return () => {};
    },
    renew: () => asked.push('renew'),
  };
  const stream = new CallStream(transport, { cursor: null }, () => {});
  stream.open();
  return { ...world, stream, give: (event: object) => world.sink!.next({ callEvents: event as CallEvent }), world };
}
const ready = { __typename: 'StreamReady', cursor: 'c1', resumed: true, openCalls: [] };
const closed = { __typename: 'StreamClosed', cursor: 'c1', reason: 'SESSION_EXPIRED' };

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('a stream that was given up', () => {
  it('leaves a connection that lives on, and comes back over a new one with its cursor', () => {
    const { asked, give, stream } = createWorld();
    give(ready);
    give(closed);
    expect(stream.state.value).toBe('connecting');
    jest.advanceTimersByTime(3_000);
    expect(asked).toEqual(['subscribe after null', 'renew', 'subscribe after c1']);
    give(ready);
    expect(stream.state.value).toBe('online');
  });

  it('is left alone when it has come back by itself', () => {
    const { asked, give, world } = createWorld();
    give(ready);
    give(closed);
    world.send();
    give(ready);
    jest.advanceTimersByTime(60_000);
    expect(asked).toEqual(['subscribe after null', 'subscribe after c1']);
  });

  it('comes back over a new connection when the token of the old one is refused', () => {
    const { asked, world, give } = createWorld();
    give(ready);
    world.sink!.error(new CallError('CALL_UNAUTHORIZED', ''));
    jest.advanceTimersByTime(10_000);
    expect(asked).toEqual(['subscribe after null', 'renew', 'subscribe after c1']);
  });

  it('keeps the connection when that is not why', () => {
    const { asked, world, give } = createWorld();
    give(ready);
    world.sink!.complete();
    jest.advanceTimersByTime(10_000);
    expect(asked).toEqual(['subscribe after null', 'subscribe after c1']);
  });
});

describe('a StreamReady that does not come', () => {
  it('makes it subscribe again over a new connection, 5 s after it went out', () => {
    const { asked, world, give, stream } = createWorld();
    world.sink!.sent();
    jest.advanceTimersByTime(4_900);
    expect(asked).toEqual(['subscribe after null']);
    jest.advanceTimersByTime(500);
    expect(asked).toEqual(['subscribe after null', 'renew', 'subscribe after null']);
    expect(stream.problem.value).toBeNull();
    world.sink!.sent();
    give(ready);
    jest.advanceTimersByTime(60_000);
    expect([asked.length, stream.state.value]).toEqual([3, 'online']);
  });

  it('is not missed while there is no connection to send it over', () => {
    const { asked, world } = createWorld();
    jest.advanceTimersByTime(10_000);
    world.sink!.lost();
    jest.advanceTimersByTime(10_000);
    world.sink!.sent();
    jest.advanceTimersByTime(4_900);
    expect(asked).toEqual(['subscribe after null']);
  });

  it('is missed after a connection that came back, too', () => {
    const { asked, world, give } = createWorld();
    give(ready);
    world.sink!.lost();
    world.sink!.sent();
    jest.advanceTimersByTime(5_500);
    expect(asked).toEqual(['subscribe after null', 'renew', 'subscribe after c1']);
  });

  it('is missed in the end where nothing tells when it went out', () => {
    const { asked } = createWorld();
    jest.advanceTimersByTime(15_500);
    expect(asked).toEqual(['subscribe after null', 'renew', 'subscribe after null']);
  });
});

describe('a connection that is lost', () => {
  it('says why, where that is known, until it is back', () => {
    const { world, give, stream } = createWorld();
    give(ready);
    world.sink!.lost(new CallError('TOKEN_FAILED', ''));
    expect([stream.state.value, stream.problem.value?.code]).toEqual(['connecting', 'TOKEN_FAILED']);
    world.send();
    give(ready);
    expect([stream.state.value, stream.problem.value]).toEqual(['online', null]);
  });
});
