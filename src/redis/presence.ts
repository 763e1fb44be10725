import DataLoader from 'dataloader';
import type { DeviceRef } from '../call/call.js';
import type { DevicePresence, Entered, Presence, Standing } from '../call/presence.js';
import { actingForAll } from '../identity/acting.js';
import type { Cipher } from './cipher.js';
import type { Heartbeat } from './heartbeat.js';
import { KEPT_MS } from './kept.js';
import type { Names } from './names.js';
import type { Redis } from './redis.js';
import { loadScript } from './script.js';

const EPOCH = loadScript('epoch');
const STAND = loadScript('stand');
const MARK = loadScript('mark');
const DEVICES = loadScript('devices');

/** A party that left is asked for until its call ends SIGNALING_LOST, and some more. */
const REMEMBERED_MS = 2 * 60 * 1000;
/** A process that said nothing of a stream for so long is dead, or cut off. */
const SILENT_MS = 30_000;

/** Which devices have a stream, on any node. */
export class RedisPresence implements Presence {
  readonly #redis: Redis;
  readonly #cipher: Cipher;
  readonly #names: Names;
  readonly #heartbeat: Heartbeat;
  /** Of the streams of this process: with it, one takes its place again after Redis has lost it. */
  readonly #epochs = new Map<string, number>();
  /** Epochs, drawn together for the sockets that come at the same time. */
  readonly #drawn: DataLoader<1, number>;
  #drawing: Promise<unknown> = Promise.resolve();

  constructor(redis: Redis, cipher: Cipher, names: Names, heartbeat: Heartbeat) {
    this.#heartbeat = heartbeat;
    this.#redis = redis;
    this.#cipher = cipher;
    this.#names = names;
    this.#drawn = new DataLoader((wanted) => this.#draw(wanted.length), {
      cache: false,
      // Sockets that come while some are drawn wait for the next: of a crowd, not each one asks.
      batchScheduleFn: (draw) => void this.#drawing.then(draw),
    });
  }

  nextEpoch(): Promise<number> {
    return this.#drawn.load(1);
  }

  async enter(device: DeviceRef, streamId: string, epoch: number): Promise<Entered> {
    const entered = await this.#stand(device, streamId, epoch, epoch, 1);
    if (entered === 'CURRENT' || entered === 'REPLACED') this.#epochs.set(streamId, epoch);
    return entered;
  }

  async touch(device: DeviceRef, streamId: string): Promise<Standing> {
    const epoch = this.#epochs.get(streamId);
    // Of two with one epoch the later has the device; which that was is not known here.
    const standing = await this.#stand(device, streamId, epoch ?? '', (epoch ?? 0) - 1, 0);
    return standing === 'REPLACED' ? 'CURRENT' : standing;
  }

  async leave(device: DeviceRef, streamId: string): Promise<void> {
    this.#epochs.delete(streamId);
    await this.#mark(device, streamId);
  }

  revoke(device: DeviceRef): Promise<void> {
    return this.#mark(device, '');
  }

  async devicesOf(accountId: string): Promise<readonly DevicePresence[]> {
    const key = this.#names.devices(accountId);
    type Found = readonly [field: Buffer, id: Buffer, seenAt: number, open: 0 | 1, node: Buffer];
    const [now, ...found] = (await this.#redis.run(DEVICES, [key], [REMEMBERED_MS])) as [number, ...Found[]];
    return this.#redis.guarded(DEVICES.name, () =>
      Promise.resolve(
        found.map(([field, id, toldAt, open, node]) => {
          // Its node is there for all of its streams, so that each of them says so itself only now and then.
          const seenAt = open === 1 ? Math.max(toldAt, this.#heartbeat.beatOf(node.toString())) : toldAt;
          const deviceId = this.#cipher.open(id, { key, field: field.toString(), position: 0 });
          return { deviceId, streaming: open === 1 && now - seenAt <= SILENT_MS, seenAt };
        }),
      ),
    );
  }

  #draw(count: number): Promise<number[]> {
    const first = actingForAll(() => this.#redis.run(EPOCH, [this.#names.epoch], [KEPT_MS, count]));
    this.#drawing = first.catch(() => undefined);
    return first.then((number) => Array.from({ length: count }, (_, i) => (number as number) + i));
  }

  async #stand(
    device: DeviceRef,
    streamId: string,
    epoch: number | '',
    yielding: number,
    isNew: 0 | 1,
  ): Promise<Entered> {
    const key = this.#names.devices(device.accountId);
    const field = this.#names.deviceField(device);
    const id = this.#cipher.seal(device.deviceId, { key, field, position: 0 });
    const args = [field, streamId, epoch, yielding, id, isNew, REMEMBERED_MS, this.#heartbeat.nodeId];
    return String(await this.#redis.run(STAND, [key], args)) as Entered;
  }

  async #mark(device: DeviceRef, streamId: string): Promise<void> {
    const key = this.#names.devices(device.accountId);
    await this.#redis.run(MARK, [key], [this.#names.deviceField(device), streamId, REMEMBERED_MS]);
  }
}
