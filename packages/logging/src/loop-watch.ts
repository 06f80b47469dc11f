import {
  monitorEventLoopDelay,
  type PerformanceEntry,
  PerformanceObserver,
  performance,
} from 'node:perf_hooks';

/** What a watch has seen since it was asked last; undefined when that is nothing. */
export interface Watch {
  readonly name: 'event loop' | 'garbage collection';
  take(): Record<string, unknown> | undefined;
  stop(): void;
}

const resolutionMs = 20;
const rounded = (ms: number): number => Math.round(ms * 1_000) / 1_000;

/** The times between two looks at the event loop, in nanoseconds; handed in by tests. */
interface DelayHistogram {
  readonly count: number;
  readonly max: number;
  percentile(percentile: number): number;
  enable(): unknown;
  disable(): unknown;
  reset(): void;
}

/** How late the event loop comes to its timers, and which part of the time it is busy. */
export const watchEventLoop = (
  delays: DelayHistogram = monitorEventLoopDelay({ resolution: resolutionMs }),
): Watch => {
  delays.enable();
  let before = performance.eventLoopUtilization();
  // The histogram has the time between two looks, the wait that was asked for included.
  const late = (nanoseconds: number): number => rounded(Math.max(0, nanoseconds / 1e6 - resolutionMs));
  return {
    name: 'event loop',
    take: () => {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, before);
      before = now;
      const seen =
        delays.count === 0
          ? {}
          : {
              delayP50Ms: late(delays.percentile(50)),
              delayP95Ms: late(delays.percentile(95)),
              delayP99Ms: late(delays.percentile(99)),
              delayMaxMs: late(delays.max),
            };
      delays.reset();
      return { utilization: Math.round(utilization * 1_000) / 1_000, ...seen };
    },
    stop: () => delays.disable(),
  };
};

/** Looks at garbage collections; handed in by tests. */
interface GcSource {
  /** Those since the last call. */
  take(): PerformanceEntry[];
  stop(): void;
}

const observedGc = (): GcSource => {
  let entries: PerformanceEntry[] = [];
  const observer = new PerformanceObserver((list) => entries.push(...list.getEntries()));
  observer.observe({ entryTypes: ['gc'] });
  return {
    take: () => {
      const taken = [...entries, ...observer.takeRecords()];
      entries = [];
      return taken;
    },
    stop: () => observer.disconnect(),
  };
};

/** How often and how long the garbage collector stopped the process. */
export const watchGc = (source: GcSource = observedGc()): Watch => ({
  name: 'garbage collection',
  take: () => {
    const durations = source.take().map(({ duration }) => duration);
    if (durations.length === 0) return undefined;
    return {
      count: durations.length,
      totalMs: rounded(durations.reduce((sum, each) => sum + each, 0)),
      maxMs: rounded(durations.reduce((most, each) => Math.max(most, each), 0)),
    };
  },
  stop: () => source.stop(),
});
