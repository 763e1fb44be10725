/** The stream behind a gateway, whose connections outlive the sessions of those who made them. */
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { CallError, refused } from '../../src/client/errors.js';
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

describe('an error without `retryable`, which the service never gives', () => {
  it.each([[{}], [{ code: 'INTERNAL_SERVER_ERROR' }], [{ code: 'SHUTTING_DOWN' }], [undefined]])(
    '%p is taken for no answer',
    (extensions) => {
      expect(refused([{ message: 'x', extensions }])).toMatchObject({
        code: 'NOT_CONNECTED',
        details: { retryable: true },
      });
    },
  );

  it.each(['GRAPHQL_VALIDATION_FAILED', 'GRAPHQL_PARSE_FAILED', 'BAD_USER_INPUT'])('%s is final', (code) => {
    expect(refused([{ message: 'x', extensions: { code } }])).toMatchObject({ code, details: { retryable: false } });
  });

  it('a defect of the service stays one', () => {
    const extensions = { code: 'INTERNAL_SERVER_ERROR', retryable: false };
    expect(refused([{ message: 'x', extensions }])).toMatchObject({ code: 'INTERNAL_SERVER_ERROR' });
  });
});
