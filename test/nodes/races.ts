import { expect } from '@jest/globals';
import type { Refused, TestDevice } from '../support/device.js';
import { startNodes, type Nodes } from '../support/nodes.js';

const DEVICES = 10;
const NODES = 3;

/** Nodes on a Redis, and what races over them come to. */
export async function startRaces(redisUrl: string): Promise<Races> {
  return new Races(await startNodes({ redisUrl, count: NODES }));
}

export class Races {
  readonly #nodes: Nodes;
  #rounds = 0;

  constructor(nodes: Nodes) {
    this.#nodes = nodes;
  }

  close(): Promise<void> {
    return this.#nodes.close();
  }

  /** Two users call each other in the same moment, each on another node: it becomes one call. */
  async glare(): Promise<void> {
    const round = this.#rounds++;
    const [a, b] = [`a${round}`, `b${round}`];
    const devices = [this.#device(a, 'phone', round), this.#device(b, 'phone', round + 1)] as const;
    await Promise.all(devices.map((device) => device.listen()));
    const started = await Promise.all([devices[0].start(b), devices[1].start(a)]);
    const [first, second] = started;

    expect([first.outcome, second.outcome].sort()).toEqual(['ADOPTED', 'CREATED']);
    expect(second.call.id).toBe(first.call.id);
    for (const device of devices) expect((await device.openCalls()).map(({ id }) => id)).toEqual([first.call.id]);
    const adopter = first.outcome === 'ADOPTED' ? devices[0] : devices[1];
    expect(await adopter.answer(first.call.id, first.offerId)).toMatchObject({ state: 'CONNECTING' });
    await Promise.all(devices.map((device) => device.hangUp(first.call.id)));
    await Promise.all(devices.map((device) => device.state('ENDED')));
    // To each of them it was one call that began and ended.
    for (const { events } of devices)
      expect(events.filter((event) => 'state' in event && event.state === 'ENDED')).toHaveLength(1);
    await Promise.all(devices.map((device) => device.close()));
  }

  /** Ten devices of one account, on all nodes, to be called again and again. */
  async answerers(account: string): Promise<readonly TestDevice[]> {
    const devices = Array.from({ length: DEVICES }, (_, n) => this.#device(account, `device-${n}`, n));
    await Promise.all(devices.map((device) => device.listen()));
    return devices;
  }

  /** All of them answer in the same moment: one wins, and every other one is told so. */
  async answerAtOnce(account: string, answerers: readonly TestDevice[]): Promise<void> {
    const round = this.#rounds++;
    const caller = this.#device(`caller-${round}`, 'phone', round);
    await caller.listen();
    const { call, offerId } = await caller.start(account);
    await Promise.all(answerers.map((device) => device.next('CallInvited', (event) => event.call.id === call.id)));
    const answers = await Promise.allSettled(answerers.map((device) => device.answer(call.id, offerId)));

    const won = answers.filter(({ status }) => status === 'fulfilled');
    const lost = answers.flatMap((answer) => (answer.status === 'rejected' ? [(answer.reason as Refused).code] : []));
    expect(won).toHaveLength(1);
    expect(lost).toEqual(Array(DEVICES - 1).fill('CALL_ANSWERED_ELSEWHERE'));
    await caller.next('DescriptionReceived');
    await caller.hangUp(call.id);
    const ends = await Promise.all(
      answerers.map((device) =>
        device.next('CallStateChanged', (event) => event.call.id === call.id && event.state === 'ENDED'),
      ),
    );
    const reasons = ends.map(({ endReason }) => String(endReason)).sort();
    expect(reasons).toEqual([...Array<string>(DEVICES - 1).fill('ANSWERED_ELSEWHERE'), 'COMPLETED']);
    expect(caller.events.filter(({ __typename }) => __typename === 'DescriptionReceived')).toHaveLength(1);
    await caller.close();
  }

  #device(account: string, device: string, node: number): TestDevice {
    return this.#nodes.device(`${account}/${device}`, [node % NODES]);
  }
}
