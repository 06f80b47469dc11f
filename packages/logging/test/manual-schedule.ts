import type { Schedule } from '../src/index.ts';

/** Time that passes when a test says so: a clock and the timers that go by it. */
export class ManualSchedule {
  now = 0;
  #timers: Array<{ at: number; run: () => void }> = [];

  readonly clock = (): number => this.now;

  readonly schedule: Schedule = (run, ms) => {
    const timer = { at: this.now + ms, run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((each) => each !== timer);
    };
  };

  get waiting(): number {
    return this.#timers.length;
  }

  pass(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const [next] = this.#timers.filter(({ at }) => at <= end).sort((one, other) => one.at - other.at);
      if (next === undefined) break;
      this.#timers = this.#timers.filter((each) => each !== next);
      this.now = Math.max(this.now, next.at);
      next.run();
    }
    this.now = end;
  }
}
