import { URGENCIES, type Message, type Urgency } from './webhook-message.js';

/** Messages held at most, those under way included. */
const MAX_MESSAGES = 10_000;
/** When there is no room, an account that holds more than this makes it; at most 100 accounts can. */
const FAIR_SHARE = 100;
/** Attempts under way for one account at most. */
const ATTEMPTS_PER_ACCOUNT = 8;

/** Messages that are delivered in order: the first one is under way, ready to go, or waits for its next attempt. */
export interface Lane {
  readonly name: string;
  readonly urgency: Urgency;
  readonly owner: Owner;
  readonly messages: Message[];
  sending: boolean;
  /** Attempts with the first message. */
  attempts: number;
  /** When the next one may begin, in milliseconds of the clock's `elapsed`. */
  retryAt: number;
}

/** What one account has here. */
interface Owner {
  readonly account: string | null;
  /** In the order in which they were begun. */
  readonly lanes: Readonly<Record<Urgency, Map<string, Lane>>>;
  readonly ready: Readonly<Record<Urgency, Set<Lane>>>;
  messages: number;
  sending: number;
}

const byUrgency = <Part>(make: () => Part): Readonly<Record<Urgency, Part>> => ({
  wake: make(),
  call: make(),
  relay: make(),
});

/**
 * What is to be delivered, and whose turn it is. Urgent lanes go first, and accounts take turns, so that one with many
 * messages, or with messages that take long, uses up the places of no other.
 */
export class WebhookLanes {
  readonly #owners = new Map<string | null, Owner>();
  readonly #lanes = byUrgency(() => new Set<Lane>());
  /** Accounts with something that is ready to go, in the order of their turns. */
  readonly #turns = byUrgency(() => new Set<Owner>());
  readonly #waiting = new Set<Lane>();
  /** Those that hold more than their share. */
  readonly #heavy = new Set<Owner>();
  #messages = 0;

  get isEmpty(): boolean {
    return this.#messages === 0;
  }

  /** Whether a lane waits for its next attempt. */
  get isWaiting(): boolean {
    return this.#waiting.size > 0;
  }

  /**
   * Takes a message; one that waits already is not taken twice.
   *
   * @returns the message that had to make room for it
   */
  add(message: Message): Message | null {
    const lane = this.#laneOf(message);
    if (lane.messages.some(({ id }) => id === message.id)) return null;
    lane.messages.push(message);
    this.#count(lane.owner, 1);
    return this.#messages > MAX_MESSAGES ? this.#makeRoom() : null;
  }

  /** @returns the lane whose first message is to be sent now; to be handed to {@link advance} or {@link retry} afterwards */
  take(): Lane | undefined {
    for (const urgency of URGENCIES) {
      for (const owner of this.#turns[urgency]) {
        if (owner.sending >= ATTEMPTS_PER_ACCOUNT) continue;
        const [lane] = owner.ready[urgency];
        if (!lane) continue;
        this.#turns[urgency].delete(owner);
        owner.ready[urgency].delete(lane);
        if (owner.ready[urgency].size > 0) this.#turns[urgency].add(owner);
        lane.sending = true;
        owner.sending += 1;
        return lane;
      }
    }
    return undefined;
  }

  /** Done with the first message of the lane, one way or the other. */
  advance(lane: Lane): void {
    this.#stop(lane);
    lane.messages.shift();
    lane.attempts = 0;
    if (lane.messages.length === 0) this.#remove(lane);
    else this.#makeReady(lane);
    this.#count(lane.owner, -1);
  }

  /** The first message of the lane is sent again from `retryAt` on. */
  retry(lane: Lane): void {
    this.#stop(lane);
    this.#waiting.add(lane);
  }

  /** Makes ready what waited until now. */
  wake(now: number): void {
    for (const lane of this.#waiting) if (now >= lane.retryAt) this.#makeReady(lane);
  }

  *all(): Iterable<Message> {
    for (const urgency of URGENCIES) for (const { messages } of this.#lanes[urgency]) yield* messages;
  }

  #laneOf({ account, urgency, lane: name }: Message): Lane {
    let owner = this.#owners.get(account);
    if (!owner) {
      owner = {
        account,
        lanes: byUrgency(() => new Map<string, Lane>()),
        ready: byUrgency(() => new Set<Lane>()),
        messages: 0,
        sending: 0,
      };
      this.#owners.set(account, owner);
    }
    const known = owner.lanes[urgency].get(name);
    if (known) return known;
    const lane: Lane = { name, urgency, owner, messages: [], sending: false, attempts: 0, retryAt: 0 };
    owner.lanes[urgency].set(name, lane);
    this.#lanes[urgency].add(lane);
    this.#makeReady(lane);
    return lane;
  }

  #stop(lane: Lane): void {
    lane.sending = false;
    lane.owner.sending -= 1;
  }

  #makeReady(lane: Lane): void {
    this.#waiting.delete(lane);
    lane.owner.ready[lane.urgency].add(lane);
    this.#turns[lane.urgency].add(lane.owner);
  }

  #remove(lane: Lane): void {
    const { owner, urgency } = lane;
    this.#lanes[urgency].delete(lane);
    this.#waiting.delete(lane);
    owner.lanes[urgency].delete(lane.name);
    owner.ready[urgency].delete(lane);
    if (owner.ready[urgency].size === 0) this.#turns[urgency].delete(owner);
  }

  #count(owner: Owner, by: 1 | -1): void {
    this.#messages += by;
    owner.messages += by;
    if (owner.messages > FAIR_SHARE) this.#heavy.add(owner);
    else this.#heavy.delete(owner);
    if (owner.messages === 0) this.#owners.delete(owner.account);
  }

  /**
   * The account that holds the most makes room, if that is more than its share; else all do. Of theirs the least urgent that
   * has waited longest goes; what is under way stays.
   */
  #makeRoom(): Message | null {
    let most: Owner | null = null;
    for (const owner of this.#heavy) if (owner.messages > (most?.messages ?? 0)) most = owner;
    for (const urgency of URGENCIES.toReversed()) {
      for (const lane of most ? most.lanes[urgency].values() : this.#lanes[urgency]) {
        const [dropped] = lane.messages.splice(lane.sending ? 1 : 0, 1);
        if (!dropped) continue;
        if (lane.messages.length === 0) this.#remove(lane);
        this.#count(lane.owner, -1);
        return dropped;
      }
    }
    return null;
  }
}
