/** What is done about one socket. */
export interface Heart {
  ping(): void;
  /** The other side was heard after it had been told or asked something. */
  answered(): void;
  /** The other side was asked and did not answer. */
  silent(): void;
}

/** One socket, as it is listened to. */
export interface Pulse {
  /** Something came from the other side. */
  heard(): void;
  /** Something was sent of which nothing says yet whether it arrived. */
  told(): void;
  stop(): void;
}

/** Listens to all sockets of a process with one timer, so that a socket that only waits costs next to nothing. */
export interface Heartbeat {
  watch(heart: Heart): Pulse;
}

/** Ticks in the longest silence before a ping. */
const TICKS = 150;
/** Of that time: the shortest silence before a ping, so that not all sockets of a storm are pinged in one moment, … */
const LEAST_SILENCE = 100;
/** … how long an answer may take, … */
const ANSWER = 50;
/** … and how long after an event the other side is asked whether it came. */
const AFTER_EVENT = 10;

/** @param silenceMs a socket that was silent for so long is pinged; 2/3 to all of it, in milliseconds */
export function createHeartbeat(silenceMs: number): Heartbeat {
  const slots = Array.from({ length: TICKS + 1 }, () => new Set<Beat>());
  let [now, size] = [0, 0];
  let timer: NodeJS.Timeout | undefined;

  const slotAt = (tick: number): Set<Beat> => slots[tick % slots.length] as Set<Beat>;
  /** Counts what this process saw of the time: after a standstill nobody is late. */
  function tick(): void {
    now += 1;
    const due = [...slotAt(now)];
    for (const beat of due) beat.due();
  }

  class Beat implements Pulse {
    readonly #heart: Heart;
    #slot: Set<Beat> | null = null;
    #heardAt = now;
    /** When it was told or asked what it has not answered yet. */
    #toldAt: number | null = null;
    #isAsked = false;

    constructor(heart: Heart) {
      this.#heart = heart;
      size += 1;
      timer ??= setInterval(tick, Math.max(1, silenceMs / TICKS));
      this.#rest();
    }

    heard(): void {
      this.#heardAt = now;
      if (this.#isAsked) this.#answered();
    }

    told(): void {
      // What is being asked is answered for both.
      if (this.#toldAt !== null || this.#isAsked || this.#slot === null) return;
      this.#toldAt = now;
      this.#wait(now + AFTER_EVENT);
    }

    stop(): void {
      if (this.#slot === null) return;
      this.#slot.delete(this);
      this.#slot = null;
      size -= 1;
      if (size > 0) return;
      clearInterval(timer);
      timer = undefined;
    }

    due(): void {
      if (this.#slot === null) return;
      // After a standstill the answer may have come and not been read: that happens before this runs.
      if (this.#isAsked) {
        this.#wait(now + ANSWER);
        setImmediate(() => {
          if (this.#isAsked && this.#slot !== null) this.#heart.silent();
        });
      } else if (this.#toldAt !== null && this.#heardAt > this.#toldAt) this.#answered();
      else if (this.#toldAt !== null || this.#heardAt + LEAST_SILENCE <= now) this.#ask();
      else this.#rest();
    }

    #ask(): void {
      this.#isAsked = true;
      this.#wait(now + ANSWER);
      this.#heart.ping();
    }

    #answered(): void {
      this.#isAsked = false;
      this.#toldAt = null;
      this.#rest();
      this.#heart.answered();
    }

    #rest(): void {
      const silence = LEAST_SILENCE + Math.floor(Math.random() * (TICKS - LEAST_SILENCE));
      this.#wait(Math.max(this.#heardAt + silence, now + 1));
    }

    #wait(until: number): void {
      this.#slot?.delete(this);
      this.#slot = slotAt(until).add(this);
    }
  }

  return { watch: (heart) => new Beat(heart) };
}
