/** A map of bounded size: when it is full, what was not used for longest is forgotten. */
export class RecentlyUsed<Value> {
  /** A Map iterates in order of insertion, so its first key is the one that was not used for longest. */
  readonly #values = new Map<string, Value>();

  /** @param capacity how many values are kept */
  constructor(readonly capacity: number) {}

  get(key: string): Value | undefined {
    const value = this.#values.get(key);
    if (value !== undefined) this.set(key, value);
    return value;
  }

  delete(key: string): void {
    this.#values.delete(key);
  }

  set(key: string, value: Value): void {
    this.#values.delete(key);
    this.#values.set(key, value);
    if (this.#values.size <= this.capacity) return;
    for (const oldest of this.#values.keys()) {
      this.#values.delete(oldest);
      return;
    }
  }
}
