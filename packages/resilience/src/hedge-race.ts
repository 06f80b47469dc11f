import type { HedgeBudget, RecentPercentile } from './hedge-delay.ts';
import type { Task } from './program.ts';
import { Scope } from './scope.ts';
import { after, type Clock, type Timers } from './timers.ts';

export interface HedgeSettings {
  readonly fixedMs: number | undefined;
  readonly observed: RecentPercentile | undefined;
  readonly maxHedges: number;
  readonly budget: HedgeBudget | undefined;
  readonly dispose: ((value: unknown) => unknown) | undefined;
}

/** What the policy does for a race. */
export interface RaceHost {
  readonly name: string;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Whether further call number `hedge` may be made after `delayMs`. */
  granted(settings: HedgeSettings, hedge: number, delayMs: number): boolean;
  /** A further call came in first. */
  won(): void;
  /** A result that nobody will receive. */
  discard(settings: HedgeSettings, value: unknown): void;
}

/** At least a millisecond where it is observed: of calls that take no time, all would be made twice. */
export const delayOf = ({ observed, fixedMs }: HedgeSettings): number | undefined =>
  observed?.value === undefined ? fixedMs : Math.max(1, observed.value);

/** One call and those that are made beside it. */
export class HedgeRace {
  readonly #host: RaceHost;
  readonly #settings: HedgeSettings;
  readonly #task: Task;
  readonly #scope: Scope;
  readonly #attempt: number | undefined;
  readonly #delayMs: number | undefined;
  readonly #startedAt: number;
  readonly #legs = new Set<Scope>();
  readonly #result = Promise.withResolvers<unknown>();
  #made = 0;
  #over = false;
  #firstError: unknown;
  #stopTimer = (): void => {};
  #stopListening = (): void => {};

  constructor(
    host: RaceHost,
    settings: HedgeSettings,
    task: Task,
    scope: Scope,
    attempt: number | undefined,
  ) {
    this.#host = host;
    this.#settings = settings;
    this.#task = task;
    this.#scope = scope;
    this.#attempt = attempt;
    this.#delayMs = delayOf(settings);
    this.#startedAt = settings.observed === undefined ? 0 : host.clock();
  }

  run(): Promise<unknown> {
    this.#stopListening = this.#scope.onAbort((reason) => {
      this.#end(reason);
      this.#result.reject(reason);
    });
    this.#call();
    this.#plan();
    return this.#result.promise;
  }

  #call(): void {
    const number = ++this.#made;
    const leg = Scope.within(this.#scope);
    this.#legs.add(leg);
    // Adopted here, so that a loser's late failure is nobody's unhandled rejection.
    new Promise((settle) => settle(this.#task(leg, this.#attempt ?? number))).then(
      (value) => this.#succeeded(leg, number, value),
      (error: unknown) => this.#failed(leg, number, error),
    );
  }

  #succeeded(leg: Scope, number: number, value: unknown): void {
    leg.close();
    if (this.#over) {
      this.#host.discard(this.#settings, value);
      return;
    }
    this.#legs.delete(leg);
    if (number > 1) this.#host.won();
    this.#settings.observed?.record(this.#host.clock() - this.#startedAt);
    this.#end(this.#legs.size > 0 ? lost(this.#host.name) : undefined);
    this.#result.resolve(value);
  }

  #failed(leg: Scope, number: number, error: unknown): void {
    leg.close();
    this.#legs.delete(leg);
    if (number === 1) this.#firstError = error;
    if (this.#over || this.#legs.size > 0) return;
    this.#end(undefined);
    this.#result.reject(this.#firstError);
  }

  #plan(): void {
    const delayMs = this.#delayMs;
    if (this.#over || delayMs === undefined || this.#made > this.#settings.maxHedges) return;
    if (delayMs === 0) {
      this.#hedge(0);
      return;
    }
    // By way of a promise, so that the call runs in the caller's AsyncLocalStorage and not in the timer's.
    new Promise<void>((due) => {
      this.#stopTimer = after(this.#host.timers, delayMs, due);
    }).then(() => this.#hedge(delayMs));
  }

  #hedge(delayMs: number): void {
    if (this.#over || !this.#host.granted(this.#settings, this.#made, delayMs)) return;
    // A listener may have aborted the caller.
    if (this.#over || this.#scope.aborted) return;
    this.#call();
    this.#plan();
  }

  #end(reason: unknown): void {
    this.#over = true;
    this.#stopTimer();
    this.#stopListening();
    for (const leg of this.#legs) leg.abort(reason);
    this.#legs.clear();
  }
}

const lost = (name: string): DOMException =>
  new DOMException(`"${name}": another of the hedged calls came in first`, 'AbortError');
