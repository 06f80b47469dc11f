import { changeable } from './changeable.ts';
import { Emitter } from './events.ts';
import { type HedgeBudget, RecentPercentile, ShareBudget } from './hedge-delay.ts';
import { delayOf, HedgeRace, type HedgeSettings, type RaceHost } from './hedge-race.ts';
import { shown } from './opened.ts';
import { definePolicy, type Policy } from './policy.ts';
import type { Layer } from './program.ts';
import { Recorder } from './stats.ts';
import type { TimeSource } from './timers.ts';
import { duration, integer, nameOf, onlyKnown, optionalFunction, show, timeSource } from './validate.ts';

/** Options of {@link hedge}. */
export interface HedgeOptions extends TimeSource {
  /** Must be `true`: the call may be carried out several times at once. */
  idempotent: true;
  /** Wait before each further call; 0 makes them all at once. With `percentile`: until 20 durations are known. */
  delayMs?: number | undefined;
  /** Wait as long as this share of the latest calls took, 0.95 for instance. One of the two must be given. */
  percentile?: number | undefined;
  /** Calls beside the first. Default 1, at most 10. */
  maxHedges?: number | undefined;
  /** The share of calls that may be hedged (0.1 for a tenth, and ten in reserve), or a budget to share. Default: no bound. */
  budget?: number | HedgeBudget | undefined;
  /**
   * Gets each result that nobody will receive (a connection to close), never the one returned; of a stream under `stream`, which is
   * closed anyway, the first item.
   */
  dispose?: ((value: unknown) => unknown) | undefined;
  /** In events. Default `hedge`. */
  name?: string | undefined;
}

const CHANGES = ['delayMs', 'percentile', 'maxHedges', 'budget', 'dispose'];
const OPTIONS = [...CHANGES, 'idempotent', 'name', 'clock', 'timers'];

/** What `configure` can change. */
export type HedgeChanges = Partial<Omit<HedgeOptions, 'idempotent' | 'name' | 'clock' | 'timers'>>;

export type HedgeEvents = 'success' | 'failure' | 'hedge';

/** A {@link Policy} that also shows what its further calls were good for. */
export interface Hedge extends Policy<never, HedgeEvents> {
  /** `delayMs` is undefined while it is not known yet; `won` counts further calls that came in first. */
  snapshot(): {
    name: string;
    delayMs: number | undefined;
    hedges: number;
    won: number;
    suppressed: number;
  };
  /**
   * Changes settings for calls from now on; those running keep theirs. Another `percentile` goes by the durations known already;
   * a `budget` given as a share begins full.
   * @throws As at construction; then nothing is changed.
   */
  configure(changes: HedgeChanges): void;
}

/**
 * A policy against the slow few: a call that has not come back after a while is made once more, and the first success wins.
 * The others' signals are aborted (with an `AbortError`, so that a breaker inside counts them as nothing); what they still
 * answer goes to `dispose`. A call that fails before it is hedged fails at once: to repeat it is a `retry`'s part.
 * @throws The first call's error, by identity, when all that were made have failed; `signal.reason` at once when aborted.
 * @throws RangeError or TypeError here, at construction, for an option that makes no sense, or without `idempotent: true`.
 */
export function hedge(options: HedgeOptions): Hedge {
  onlyKnown('hedge', options, OPTIONS);
  if (options.idempotent !== true)
    throw new TypeError(
      `idempotent must be true, got ${show(options.idempotent)}: a hedged call may be carried out several times`,
    );
  const { clock, timers } = timeSource(options);
  const name = nameOf(options.name, 'hedge');
  let settings = settingsOf(options, undefined);
  const emitter = new Emitter(name, ['success', 'failure', 'hedge']);
  const recorder = new Recorder();
  const counts = { hedges: 0, won: 0, suppressed: 0 };

  const host: RaceHost = {
    ...{ name, clock, timers },
    granted: ({ budget }, hedgeNumber, delayMs) => {
      // A budget that throws holds the call back.
      const suppressed =
        budget !== undefined && emitter.ask('budget', () => budget.withdraw(), false) !== true;
      if (suppressed) counts.suppressed++;
      else {
        counts.hedges++;
        recorder.retries++;
      }
      if (emitter.wants('hedge'))
        emitter.emit('hedge', { policy: name, hedge: hedgeNumber, delayMs, suppressed });
      return !suppressed;
    },
    won: () => {
      counts.won++;
    },
    discard: ({ dispose }, value) => {
      if (dispose === undefined) return;
      new Promise((done) => done(dispose(shown(value)))).catch((error: unknown) =>
        emitter.report('dispose', error),
      );
    },
  };
  const layer: Layer = async (task, scope, attempt) => {
    if (scope.aborted) throw scope.reason;
    const { budget } = settings;
    if (budget !== undefined) emitter.ask('budget', () => budget.deposit(), undefined);
    return new HedgeRace(host, settings, task, scope, attempt).run();
  };
  const snapshot = (): ReturnType<Hedge['snapshot']> => ({ name, delayMs: delayOf(settings), ...counts });
  const prepare = changeable(
    options,
    CHANGES,
    (next) => settingsOf(next, settings),
    (changed) => {
      settings = changed;
    },
  );
  return definePolicy({ emitter, clock, recorder, layer }, { snapshot }, prepare);
}

/** What has been learned so far is taken over from `before`. */
const settingsOf = (options: HedgeOptions, before: HedgeSettings | undefined): HedgeSettings => {
  const maxHedges = integer('maxHedges', options.maxHedges ?? 1, 1);
  if (maxHedges > 10) throw new RangeError(`maxHedges must be at most 10, got ${maxHedges}`);
  const { delayMs } = options;
  const fixedMs =
    delayMs === undefined ? undefined : duration('delayMs', delayMs, { zero: true, infinite: false });
  const observed = observedOf(options, before?.observed);
  if (fixedMs === undefined && observed === undefined)
    throw new TypeError('hedge needs delayMs or percentile, got neither');
  return {
    ...{ fixedMs, observed, maxHedges },
    budget: budgetOf(options.budget, before?.budget),
    dispose: optionalFunction('dispose', options.dispose),
  };
};

const observedOf = (
  { percentile }: HedgeOptions,
  before: RecentPercentile | undefined,
): RecentPercentile | undefined => {
  if (percentile === undefined) return undefined;
  if (!(typeof percentile === 'number' && percentile > 0 && percentile < 1))
    throw new RangeError(`percentile must be a number between 0 and 1, got ${show(percentile)}`);
  return before?.at(percentile) ?? new RecentPercentile(percentile);
};

const budgetOf = (
  budget: HedgeOptions['budget'],
  before: HedgeBudget | undefined,
): HedgeBudget | undefined => {
  if (budget === undefined) return undefined;
  if (typeof budget === 'number') {
    if (before instanceof ShareBudget && before.share === budget) return before;
    if (budget > 0 && budget <= 1) return new ShareBudget(budget);
  } else if (typeof budget?.deposit === 'function' && typeof budget.withdraw === 'function') return budget;
  throw new RangeError(
    `budget must be a share above 0 and at most 1, or have deposit and withdraw, got ${show(budget)}`,
  );
};
