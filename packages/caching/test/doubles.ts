// Doubles written by hand: a clock, a promise to settle from outside, and stores that misbehave in one known way.
export const manualClock = (start = 1_000_000): { now: () => number; advance: (ms: number) => void } => {
  let at = start;
  return {
    now: () => at,
    advance: (ms) => {
      at += ms;
    },
  };
};

export interface Deferred<T> {
  promise: Promise<T>;
  resolve: (value: T) => void;
  reject: (error: unknown) => void;
}

export const deferred = <T>(): Deferred<T> => {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
};

/** Lets everything that waits on promises alone run. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A storage adapter over a Map: `mode` makes it fail, hang or work; `calls` counts. */
export class FaultyStore {
  readonly data = new Map<string, unknown>();
  mode: 'up' | 'failing' | 'hanging' = 'up';
  calls = 0;
  readonly opts = {};

  async get(key: string): Promise<unknown> {
    return this.#act(() => this.data.get(key));
  }

  async set(key: string, value: unknown, _ttl?: number): Promise<boolean> {
    return this.#act(() => {
      this.data.set(key, value);
      return true;
    });
  }

  async delete(key: string): Promise<boolean> {
    return this.#act(() => this.data.delete(key));
  }

  async has(key: string): Promise<boolean> {
    return this.data.has(key);
  }

  async clear(): Promise<void> {
    this.data.clear();
  }

  async #act<T>(work: () => T): Promise<T> {
    this.calls++;
    if (this.mode === 'hanging') return new Promise<T>(() => {});
    if (this.mode === 'failing') throw new Error('connection refused');
    return work();
  }
}

/** Random numbers 0 <= x < 1, the same for the same seed. */
export const seeded = (seed: number) => {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
};
