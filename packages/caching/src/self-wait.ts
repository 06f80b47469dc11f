import { AsyncLocalStorage } from 'node:async_hooks';
import type { Turn } from './load-slots.ts';

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
  /** Its leave to run, where such are counted. */
  readonly turn: Turn | undefined;
  /** The loader that is at work for it. */
  work: Work | undefined;
}

/** A loader at work. */
export interface Work {
  /** The loads that are waited for inside it. */
  waits: Set<{ readonly load: Load }> | undefined;
  /** Its own turn, and those of the loaders inside which it was started. */
  readonly turns: readonly Turn[];
}

/** A loader that starts such a call without awaiting it ends by itself, and is given this long to do so. */
const verdictMs = 5_000;

const inside = new AsyncLocalStorage<Work>();
const none: readonly never[] = [];

/** The turns that count inside a loader of such a load. */
const turnsOf = (turn: Turn | undefined): readonly Turn[] => {
  const outer = inside.getStore()?.turns ?? none;
  return turn === undefined ? outer : [turn, ...outer.filter(({ running }) => running)];
};

/** Calls the loader so that it is known which loads are waited for inside it. `loads` share a turn. */
export const observe = <A, B, R>(
  loads: readonly Load[],
  loader: (first: A, second: B) => R,
  first: A,
  second: B,
): R => {
  const work: Work = { waits: undefined, turns: turnsOf(loads[0]?.turn) };
  for (const load of loads) load.work = work;
  return inside.run(work, loader, first, second);
};

/** The keys by way of which this load waits for that loader; undefined when it does not. */
const ring = (load: Load, end: Work, seen: Set<Work> = new Set()): string[] | undefined => {
  const { work } = load;
  if (work === end) return [load.key];
  if (work === undefined || seen.has(work)) return undefined;
  seen.add(work);
  for (const wait of work.waits ?? none) {
    const rest = ring(wait.load, end, seen);
    if (rest !== undefined) return [load.key, ...rest];
  }
  return undefined;
};

/** What there is to say of a load that waits for itself, directly or by way of others. */
export const selfWait = (load: Load): SelfWaitError | undefined => {
  for (const wait of load.work?.waits ?? none) {
    const keys = ring(wait.load, load.work!);
    if (keys !== undefined) return new SelfWaitError(keys);
  }
  return undefined;
};

/** A wait for a load. */
export interface Waiting {
  /** Why it would never end; undefined where it may. */
  verdict(): SelfWaitError | undefined;
  end(): void;
}

/** Is this inside a loader? Only there a wait is to be noted. */
export const isInside = (): boolean => inside.getStore() !== undefined;

/**
 * Notes inside a loader that a load is waited for. Where the loader has a turn, the load runs in that turn. Where the load
 * waits for the loader in its turn, the wait is given up after some seconds with a {@link SelfWaitError}, unless it is
 * `limited`: then whoever ends it asks for the verdict.
 */
export const waiting = (load: Load, limited: boolean, giveUp: (error: SelfWaitError) => void): Waiting => {
  const work = inside.getStore()!;
  const { turn } = load;
  if (turn !== undefined && work.turns.some(({ slots, running }) => running && slots === turn.slots))
    turn.lend();
  const wait = { load };
  work.waits ??= new Set();
  const { waits } = work;
  waits.add(wait);
  const verdict = () => {
    const keys = ring(load, work);
    return keys && new SelfWaitError(keys);
  };
  const judge = () => {
    const error = verdict();
    if (error !== undefined) giveUp(error);
  };
  const timer = limited || ring(load, work) === undefined ? undefined : setTimeout(judge, verdictMs);
  return {
    verdict,
    end: () => {
      waits.delete(wait);
      clearTimeout(timer);
    },
  };
};
