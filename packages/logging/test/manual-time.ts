import type { Later } from '../src/later.ts';

/** A clock and timers that move when told. */
export class ManualTime {
  now: number;
  #timers: Array<{ at: number; fn: () => void }> = [];

  constructor(now = Date.UTC(2026, 0, 2, 12)) {
    this.now = now;
  }

  readonly clock = (): number => this.now;

  readonly later: Later = (fn, ms) => {
    const timer = { at: this.now + ms, fn };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((each) => each !== timer);
    };
  };

  /** Milliseconds until each timer, the next first. */
  get waits(): number[] {
    return this.#timers.map(({ at }) => at - this.now).sort((a, b) => a - b);
  }

  /** Runs what is due until then, in its order. */
  pass(ms: number): void {
    const end = this.now + ms;
    while (this.#runNext(end));
    this.now = end;
  }

  /** The same, and lets promises settle in between. */
  async advance(ms: number): Promise<void> {
    const end = this.now + ms;
    while (this.#runNext(end)) await turn();
    this.now = end;
    await turn();
  }

  #runNext(end: number): boolean {
    const [next] = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
    if (next === undefined) return false;
    this.#timers = this.#timers.filter((each) => each !== next);
    this.now = Math.max(this.now, next.at);
    next.fn();
    return true;
  }
}

export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
