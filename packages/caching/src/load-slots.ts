/** At most so many loads at once; the others wait in the order they came. */
export class LoadSlots {
  #free: number;
  readonly #waiting = new Set<() => void>();

  constructor(max: number) {
    this.#free = max;
  }

  /** Calls `taken` once there is a slot, at once where one is free; `give` gives it back. The answer ends the wait. */
  take(taken: () => void): () => void {
    if (this.#free > 0) {
      this.#free--;
      taken();
    } else this.#waiting.add(taken);
    return () => this.#waiting.delete(taken);
  }

  give(): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#free++;
    else {
      this.#waiting.delete(next);
      next();
    }
  }
}

/** The turn of one load. What waits inside its loader for another load lends that its turn, since the two never work at once. */
export class Turn {
  readonly slots: LoadSlots;
  #state: 'none' | 'waiting' | 'own' | 'lent' | 'over' = 'none';
  #settle: ((running: boolean) => void) | undefined;
  #stopWaiting: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(slots: LoadSlots) {
    this.slots = slots;
  }

  /** Does the load count as running? */
  get running(): boolean {
    return this.#state === 'own' || this.#state === 'lent';
  }

  /** True once the load may run; false when `end` came first. */
  take(): boolean | Promise<boolean> {
    if (this.#state !== 'none') return this.running;
    this.#state = 'waiting';
    this.#stopWaiting = this.slots.take(() => this.#become('own'));
    if (this.running) return true;
    return new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  /** A loader that has a turn waits for this load: it need not wait for one. */
  lend(): void {
    if (this.#state === 'none' || this.#state === 'waiting') this.#become('lent');
  }

  /** The load is over, or given up: the next may run. */
  end(): void {
    clearTimeout(this.#timer);
    const had = this.#state;
    this.#become('over');
    if (had === 'own') this.slots.give();
  }

  /** Ends it in `ms`, if it is not over by then; holds no process alive. */
  endAfter(ms: number): void {
    if (this.running) this.#timer = setTimeout(() => this.end(), ms).unref();
  }

  #become(state: 'own' | 'lent' | 'over'): void {
    this.#state = state;
    this.#stopWaiting?.();
    this.#settle?.(this.running);
  }
}
