import type { Clock, Timers } from '../src/index.ts';

interface Entry {
  at: number;
  callback: () => void;
}

/** Lets all promise callbacks that are due run. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Time that passes only when told to. Hand `clock` and `timers` to a policy. */
export class VirtualClock {
  now = 0;
  readonly #entries = new Set<Entry>();

  readonly clock: Clock = () => this.now;

  readonly timers: Timers = {
    setTimeout: (callback, ms) => {
      const entry: Entry = { at: this.now + ms, callback };
      this.#entries.add(entry);
      return entry;
    },
    clearTimeout: (handle) => {
      this.#entries.delete(handle as Entry);
    },
  };

  get time(): { clock: Clock; timers: Timers } {
    return { clock: this.clock, timers: this.timers };
  }

  /** Timers that are set and have not fired. */
  get pending(): number {
    return this.#entries.size;
  }

  /** Passes `ms`, firing timers in the order of their time, and lets promises settle in between. */
  async advance(ms: number): Promise<void> {
    const end = this.now + ms;
    await settle();
    for (;;) {
      let next: Entry | undefined;
      for (const entry of this.#entries) {
        if (entry.at <= end && (next === undefined || entry.at < next.at)) next = entry;
      }
      if (next === undefined) break;
      this.#entries.delete(next);
      this.now = Math.max(this.now, next.at);
      next.callback();
      await settle();
    }
    this.now = end;
    await settle();
  }
}

/** The outcome of a promise, so that a test may look at it before it has settled. */
export const outcomeOf = <T>(promise: Promise<T>): { status: string; value?: T; error?: unknown } => {
  const outcome: { status: string; value?: T; error?: unknown } = { status: 'pending' };
  promise.then(
    (value) => Object.assign(outcome, { status: 'resolved', value }),
    (error: unknown) => Object.assign(outcome, { status: 'rejected', error }),
  );
  return outcome;
};

/** A promise that the test settles. */
export const deferred = <T>(): PromiseWithResolvers<T> => {
  let resolve!: (value: T | PromiseLike<T>) => void;
  let reject!: (error?: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
};
