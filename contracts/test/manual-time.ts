// Time that passes when a test says so; one instance serves every package's `clock` and `timers`.

interface Due {
  at: number;
  callback: () => void;
}

export class ManualTime {
  #now = 0;
  readonly #due = new Set<Due>();
  /** The wait of every timer that was set, in order. */
  readonly waits: number[] = [];

  readonly clock = (): number => this.#now;

  readonly timers = {
    setTimeout: (callback: () => void, ms: number): unknown => {
      this.waits.push(ms);
      const due = { at: this.#now + ms, callback };
      this.#due.add(due);
      return due;
    },
    clearTimeout: (handle: unknown): void => {
      this.#due.delete(handle as Due);
    },
  };

  /** Timers that are set and have not fired. */
  get pending(): number {
    return this.#due.size;
  }

  /** Lets promises settle, moves on, and fires what is due. */
  async advance(ms: number): Promise<void> {
    await settled();
    this.#now += ms;
    for (const due of [...this.#due].filter(({ at }) => at <= this.#now).sort((a, b) => a.at - b.at)) {
      this.#due.delete(due);
      due.callback();
    }
    await settled();
  }
}

/** Everything that only waits for promises has run. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
