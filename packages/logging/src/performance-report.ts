import { type FlushedAtExit, flushAtExit, noFlushAtExit } from './at-exit.ts';
import { outsideContext } from './context.ts';
import type { Logger } from './logger.ts';
import type { Watch } from './loop-watch.ts';
import type { IntervalTimers } from './performance-options.ts';
import { Timings } from './timings.ts';

interface ReportOptions {
  readonly logger: Logger;
  readonly everyMs: number;
  readonly monotonicClock: () => number;
  readonly timers: IntervalTimers;
  readonly watches: readonly Watch[];
}

/** Writes what was measured since the last report: by interval, when it is asked to, and when the process ends. */
export class PerformanceReport implements FlushedAtExit {
  /** What was measured since the last report. */
  readonly timings: Timings = new Timings();
  readonly #options: ReportOptions;
  readonly #handle: unknown;
  #since: number;
  #stopped = false;

  constructor(options: ReportOptions) {
    this.#options = options;
    this.#since = options.monotonicClock();
    this.#handle = outsideContext(() => options.timers.setInterval(() => this.write(), options.everyMs));
    (this.#handle as { unref?: () => void } | undefined)?.unref?.();
    flushAtExit(this);
  }

  write(): void {
    if (this.#stopped) return;
    const { logger, monotonicClock, watches } = this.#options;
    const now = monotonicClock();
    const periodMs = Math.max(0, Math.round(now - this.#since));
    this.#since = now;
    const stats = Object.entries(this.timings.stats());
    this.timings.reset();
    // A report is about all requests: it must not carry the ids of the one that happens to be running.
    outsideContext(() => {
      for (const [operation, figures] of stats) logger.info('timings', { operation, periodMs, ...figures });
      for (const watch of watches) {
        const seen = watch.take();
        if (seen !== undefined) logger.info(watch.name, { periodMs, ...seen });
      }
    });
  }

  flushSync(): void {
    this.write();
  }

  /** The last report; no more come. */
  stop(): void {
    this.write();
    if (this.#stopped) return;
    this.#stopped = true;
    const { timers, watches } = this.#options;
    timers.clearInterval(this.#handle as never);
    for (const watch of watches) watch.stop();
    noFlushAtExit(this);
  }
}
