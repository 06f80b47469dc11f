import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';

const hourInMicroseconds = 3_600_000_000;

/** What went to one destination at one level. */
export interface LevelCount {
  lines: number;
  /** UTF-16 units, newlines included. */
  characters: number;
}

/** What went to the destinations of one name. Plain numbers, added to where a line passes anyway. */
export class Meter {
  readonly name: string;
  /** By level; loggers keep hold of their own and add to them. */
  readonly counts = new Map<string, LevelCount>();
  /** Taken by the operating system. Only our own sinks know. */
  bytes = 0;
  readonly drops = new Map<string, number>();
  flushSumMs = 0;
  #flushes: RecordableHistogram | undefined;

  constructor(name: string) {
    this.name = name;
  }

  at(level: string): LevelCount {
    let count = this.counts.get(level);
    if (count === undefined) {
      count = { lines: 0, characters: 0 };
      this.counts.set(level, count);
    }
    return count;
  }

  /** How long a flush took, in microseconds; undefined before the first. */
  get flushes(): RecordableHistogram | undefined {
    return this.#flushes;
  }

  flushed(durationMs: number): void {
    this.#flushes ??= createHistogram({ lowest: 1, highest: hourInMicroseconds, figures: 2 });
    this.#flushes.record(Math.min(hourInMicroseconds, Math.max(1, Math.round(durationMs * 1_000))));
    this.flushSumMs += durationMs;
  }
}

const maxNames = 1_000;
const others = '(others)';
const byName = new Map<string, Meter>();
const failures = new Map<string, number>();

/** Destinations of one name share a meter, which outlives them: a counter must not go back when a destination is gone. */
export const meterNamed = (name: string): Meter => {
  const key = byName.has(name) || byName.size < maxNames ? name : others;
  let meter = byName.get(key);
  if (meter === undefined) {
    meter = new Meter(key);
    byName.set(key, meter);
  }
  return meter;
};

const bump = (counts: Map<string, number>, name: string, by: number): void => {
  const key = counts.has(name) || counts.size < maxNames ? name : others;
  counts.set(key, (counts.get(key) ?? 0) + by);
};

export const countDrop = (destination: string, records: number, reason: string): void =>
  bump(meterNamed(destination).drops, reason, records);

export const countFailure = (source: string): void => bump(failures, source, 1);

export const allMeters = (): readonly Meter[] => [...byName.values()];

export const allFailures = (): ReadonlyMap<string, number> => failures;
