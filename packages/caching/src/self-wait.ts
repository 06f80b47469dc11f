import { AsyncLocalStorage } from 'node:async_hooks';

/** Thrown inside a loader to a call that waits for that very loader, directly or by way of others: it would wait for good. */
export class SelfWaitError extends Error {
  static {
    SelfWaitError.prototype.name = 'SelfWaitError';
  }
  readonly code = 'CACHE_SELF_WAIT';
  readonly retryable = false;
  /** The keys whose loads wait for each other. */
  readonly keys: readonly string[];
  constructor(keys: readonly string[]) {
    const quoted = keys.map((key) => JSON.stringify(key)).join(', ');
    super(
      keys.length === 1
        ? `The loader of ${quoted} waits for itself`
        : `The loaders of ${quoted} wait for each other`,
    );
    this.keys = keys;
  }
}

/** A load that may be waited for. */
export interface Load {
  readonly key: string;
  /** The loader that is at work for it. */
  work: Work | undefined;
}

/** A loader at work, and the loads that are waited for inside it. */
export interface Work {
  readonly waits: Set<{ readonly load: Load }>;
}

/** A loader that starts such a call without awaiting it ends by itself, and is given this long to do so. */
const verdictMs = 1_000;

const inside = new AsyncLocalStorage<Work>();

/** The same loader, but it is known which loads are waited for inside it. */
export const observed = <A extends unknown[], R>(
  loads: readonly Load[],
  loader: (...args: A) => R,
): ((...args: A) => R) => {
  const work: Work = { waits: new Set() };
  for (const load of loads) load.work = work;
  return (...args) => inside.run(work, loader, ...args);
};

/** The keys by way of which this load waits for that loader; undefined when it does not. */
const ring = (load: Load, end: Work, seen: Set<Work> = new Set()): string[] | undefined => {
  const { work } = load;
  if (work === end) return [load.key];
  if (work === undefined || seen.has(work)) return undefined;
  seen.add(work);
  for (const wait of work.waits) {
    const rest = ring(wait.load, end, seen);
    if (rest !== undefined) return [load.key, ...rest];
  }
  return undefined;
};

/**
 * Notes that a load is waited for; the answer ends that. A wait inside a loader for which that load waits in its turn is
 * given up with a {@link SelfWaitError}, after a second or half of `limitMs`, the wait's own limit.
 */
export const waiting = (
  load: Load,
  limitMs: number | undefined,
  giveUp: (error: SelfWaitError) => void,
): (() => void) => {
  const work = inside.getStore();
  if (work === undefined) return () => {};
  const wait = { load };
  work.waits.add(wait);
  let timer: NodeJS.Timeout | undefined;
  if (ring(load, work) !== undefined)
    timer = setTimeout(
      () => {
        const keys = ring(load, work);
        if (keys !== undefined) giveUp(new SelfWaitError(keys));
      },
      Math.min(verdictMs, (limitMs ?? Number.POSITIVE_INFINITY) / 2),
    );
  return () => {
    work.waits.delete(wait);
    clearTimeout(timer);
  };
};
