import { Arg, Directive, Resolver, Root, Subscription } from './type-graphql.js';
import type { CallEvent as Event } from '../call/event.js';
import { shapeOfEvent } from './call.shape.js';
import type { CallContext } from './context.js';
import { CallEvent, CursorType } from './event.types.js';

@Resolver()
export class EventResolver {
  @Subscription(() => CallEvent, {
    subscribe: ({ args, context }) => subscribe(context as CallContext, (args['after'] as string | null) ?? null),
    description: 'Everything this device must know about its calls, in order, resumable. One stream a device.',
  })
  @Directive('@auth')
  @Directive('@rateLimit(bucket: "stream", max: 120, windowSeconds: 60, scope: DEVICE)')
  callEvents(
    @Root() event: Event,
    @Arg('after', () => CursorType, {
      nullable: true,
      description: 'The cursor of the last event handled; left out, or of no use any more, the stream begins anew.',
    })
    _after?: string,
  ): object {
    return shapeOfEvent(event);
  }
}

/** A socket of ours tells a stream how long its session lasts and whether its device is there; a host's own does not. */
async function subscribe({ callSignaling }: CallContext, after: string | null): Promise<AsyncIterable<Event>> {
  const { connection, services } = callSignaling;
  const viewer = await callSignaling.viewer();
  const carrier = connection ?? (await services.looseStreams.carry(viewer));
  return carrier.register(await services.streams.subscribe(viewer, carrier.epoch, after));
}
