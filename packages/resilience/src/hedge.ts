import { Emitter } from './events.ts';
import { type HedgeBudget, RecentPercentile, ShareBudget } from './hedge-delay.ts';
import { definePolicy, type Policy } from './policy.ts';
import type { Layer } from './program.ts';
import { Scope } from './scope.ts';
import { Recorder } from './stats.ts';
import { after, type TimeSource } from './timers.ts';
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
  /** Gets each result that nobody will receive (a connection to close, a stream to cancel), never the one returned. */
  dispose?: ((value: unknown) => unknown) | undefined;
  /** In events. Default `hedge`. */
  name?: string | undefined;
}

const OPTIONS = [
  ...['idempotent', 'delayMs', 'percentile', 'maxHedges', 'budget', 'dispose', 'name', 'clock', 'timers'],
];

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
  const maxHedges = integer('maxHedges', options.maxHedges ?? 1, 1);
  if (maxHedges > 10) throw new RangeError(`maxHedges must be at most 10, got ${maxHedges}`);
  const fixedMs =
    options.delayMs === undefined
      ? undefined
      : duration('delayMs', options.delayMs, { zero: true, infinite: false });
  const observed = observedOf(options);
  if (fixedMs === undefined && observed === undefined)
    throw new TypeError('hedge needs delayMs or percentile, got neither');
  const budget = budgetOf(options.budget);
  const dispose = optionalFunction('dispose', options.dispose);
  const emitter = new Emitter(name, ['success', 'failure', 'hedge']);
  const recorder = new Recorder();
  const counts = { hedges: 0, won: 0, suppressed: 0 };
  // At least a millisecond where it is observed: of calls that take no time, all would be made twice.
  const delayNow = (): number | undefined =>
    observed?.value === undefined ? fixedMs : Math.max(1, observed.value);

  const discard = (value: unknown): void => {
    if (dispose === undefined) return;
    new Promise((done) => done(dispose(value))).catch((error: unknown) => emitter.report('dispose', error));
  };
  /** Asks before each further call; a budget that throws holds it back. */
  const granted = (hedgeNumber: number, delayMs: number): boolean => {
    const suppressed = budget !== undefined && emitter.ask('budget', () => budget.withdraw(), false) !== true;
    if (suppressed) counts.suppressed++;
    else {
      counts.hedges++;
      recorder.retries++;
    }
    if (emitter.wants('hedge'))
      emitter.emit('hedge', { policy: name, hedge: hedgeNumber, delayMs, suppressed });
    return !suppressed;
  };

  const layer: Layer = async (task, scope, attempt) => {
    if (scope.aborted) throw scope.reason;
    if (budget !== undefined) emitter.ask('budget', () => budget.deposit(), undefined);
    const start = observed === undefined ? 0 : clock();
    const delayMs = delayNow();
    const legs = new Set<Scope>();
    let made = 0;
    let over = false;
    let stopTimer = (): void => {};
    return new Promise((resolve, reject) => {
      let firstError: unknown;
      const end = (reason: unknown): void => {
        over = true;
        stopTimer();
        stopListening();
        for (const leg of legs) leg.abort(reason);
        legs.clear();
      };
      const run = (): void => {
        const number = ++made;
        const leg = Scope.within(scope);
        legs.add(leg);
        // Adopted here, so that a loser's late failure is nobody's unhandled rejection.
        new Promise((settle) => settle(task(leg, attempt ?? number))).then(
          (value) => {
            leg.close();
            if (over) return discard(value);
            legs.delete(leg);
            if (number > 1) counts.won++;
            observed?.record(clock() - start);
            end(legs.size > 0 ? lost(name) : undefined);
            resolve(value);
          },
          (error: unknown) => {
            leg.close();
            legs.delete(leg);
            if (number === 1) firstError = error;
            if (over || legs.size > 0) return;
            end(undefined);
            reject(firstError);
          },
        );
      };
      const next = (): void => {
        if (over || !granted(made, delayMs ?? 0)) return;
        // A listener may have aborted the caller.
        if (over || scope.aborted) return;
        run();
        plan();
      };
      const plan = (): void => {
        if (over || delayMs === undefined || made > maxHedges) return;
        // By way of a promise, so that the call runs in the caller's AsyncLocalStorage and not in the timer's.
        if (delayMs > 0)
          new Promise<void>((due) => {
            stopTimer = after(timers, delayMs, due);
          }).then(next);
        else next();
      };
      const stopListening = scope.onAbort((reason) => {
        end(reason);
        reject(reason);
      });
      run();
      plan();
    });
  };
  const snapshot = (): ReturnType<Hedge['snapshot']> => ({ name, delayMs: delayNow(), ...counts });
  return definePolicy({ emitter, clock, recorder, layer }, { snapshot });
}

const lost = (name: string): DOMException =>
  new DOMException(`"${name}": another of the hedged calls came in first`, 'AbortError');

const observedOf = ({ percentile }: HedgeOptions): RecentPercentile | undefined => {
  if (percentile === undefined) return undefined;
  if (!(typeof percentile === 'number' && percentile > 0 && percentile < 1))
    throw new RangeError(`percentile must be a number between 0 and 1, got ${show(percentile)}`);
  return new RecentPercentile(percentile);
};

const budgetOf = (budget: HedgeOptions['budget']): HedgeBudget | undefined => {
  if (budget === undefined) return undefined;
  if (typeof budget === 'number') {
    if (budget > 0 && budget <= 1) return new ShareBudget(budget);
  } else if (typeof budget?.deposit === 'function' && typeof budget.withdraw === 'function') return budget;
  throw new RangeError(
    `budget must be a share above 0 and at most 1, or have deposit and withdraw, got ${show(budget)}`,
  );
};
