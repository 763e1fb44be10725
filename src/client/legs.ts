import type { StartOptions } from './call.js';
import { callError } from './errors.js';
import type { CallError } from './errors.js';
import type { CallFieldsFragment, CallRole, StartCallMutation } from './generated/types.js';
import { Leg } from './leg.js';
import type { LocalMedia } from './local-media.js';
import { isRinging } from './progress.js';
import type { RemoteMedia } from './remote-media.js';
import type { Services } from './services.js';
import { tellHungUp } from './telling.js';

export interface LegsParts {
  readonly services: Services;
  readonly remote: RemoteMedia;
  /** Told of what goes wrong with the present leg. */
  readonly onError: (error: CallError) => void;
  /** Whether a call of the client's goes by this id. */
  readonly knows: (callId: string) => boolean;
}

/** A call of the user's can be several of the service's, one after the other: this device's part in the present one. */
export class Legs {
  readonly #parts: LegsParts;
  #leg: Leg;
  /** The call as it was when the leg became part of it. */
  #call: CallFieldsFragment | null = null;
  #before: CallFieldsFragment | null = null;

  constructor(parts: LegsParts, role: CallRole) {
    this.#parts = parts;
    this.#leg = this.#newLeg(role);
  }

  get leg(): Leg {
    return this.#leg;
  }

  /** What the service holds for this device, while another call is asked for in its place. */
  get before(): CallFieldsFragment | null {
    return this.#before;
  }

  /** Of the call of the service, or of the one before while another is asked for. */
  get id(): string | null {
    return this.#leg.id ?? this.#before?.id ?? null;
  }

  /** Whether there is a peer connection that may go on. */
  get isAlive(): boolean {
    const { connection } = this.#parts.remote;
    const isLost = ['disconnected', 'failed', 'closed'].includes(connection.value);
    return this.#leg.peer !== null && !this.#leg.signal.aborted && !isLost;
  }

  /** From nothing: another peer connection. */
  renew(role: CallRole): Leg {
    this.#leg.close();
    return (this.#leg = this.#newLeg(role));
  }

  /** The leg is part of this call from now on. */
  bind(call: CallFieldsFragment): void {
    this.#before = null;
    this.#call = call;
    this.#leg.bind(call);
  }

  /** Another call is to take the place of this one. @param call the present one, when it is left out */
  replace(call = this.#call): void {
    this.#before = call;
    this.renew('CALLER');
  }

  /**
   * Asks the service for the call. One that a page of this device left open with the same account, and that is not known here,
   * is replaced, or cancelled when it still rings.
   *
   * @throws CallError its details have the call that is in the way, if it is this account's
   */
  async start(account: string, options: StartOptions, local: LocalMedia): Promise<StartCallMutation['startCall']> {
    try {
      if (this.#before && isRinging(this.#before.state)) await this.#cancel(this.#before.id);
      return await this.#leg.start(account, options, this.#before?.id ?? null, local);
    } catch (thrown) {
      const { code, details } = callError(thrown);
      const { call } = details;
      const inTheWay = code === 'CALL_STATE_CONFLICT' && call && call.state !== 'ENDED' ? call.id : undefined;
      if (!call || !inTheWay || this.#parts.knows(inTheWay) || this.#before || this.#leg.signal.aborted) throw thrown;
      // Only a call that was answered can be replaced.
      const isReplaced = !isRinging(call.state);
      if (!isReplaced && !(await this.#cancel(inTheWay))) throw thrown;
      this.renew('CALLER');
      return this.#leg.start(account, options, isReplaced ? inTheWay : null, local);
    }
  }

  /** @returns whether it is over */
  async #cancel(callId: string): Promise<boolean> {
    const call = await tellHungUp(this.#parts.services, callId, 'CALLER');
    if (this.#before?.id === callId) this.#before = null;
    return call?.state === 'ENDED';
  }

  #newLeg(role: CallRole): Leg {
    const { services, remote, onError } = this.#parts;
    return new Leg(services, role, remote, onError);
  }
}
