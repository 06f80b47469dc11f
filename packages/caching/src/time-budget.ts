/** The time that all stores and the lock may take together in one lookup, from the first of them on. */
export class TimeBudget {
  readonly #ms: number;
  #startedAt: number | undefined;

  /** @param ms The whole of it, in ms. */
  constructor(ms: number) {
    this.#ms = ms;
  }

  /** What is left, in ms; 0 or less = nothing. */
  left(): number {
    const now = performance.now();
    this.#startedAt ??= now;
    return this.#ms - (now - this.#startedAt);
  }
}
