import { describe } from '../describe.ts';
import { StoreError } from '../errors.ts';

/** What stands between the cache and a store: a circuit breaker, a pipeline; `{ execute(fn, signal?) }` as cockatiel has it. */
export interface StorePolicy {
  execute<T>(fn: () => Promise<T>, signal?: AbortSignal): Promise<T>;
}

/** The plain cool-down: after `failures` in a row the store is skipped for `initialMs`, doubling up to `maxMs`; then one call probes. */
export interface StoreCooldown {
  /** Failures in a row before the store is skipped. Default 3. */
  failures?: number | undefined;
  /** The first pause in ms. Default 1_000. */
  initialMs?: number | undefined;
  /** The longest pause in ms. Default 30_000. */
  maxMs?: number | undefined;
}

export type StoreState = 'up' | 'cooling-down' | 'probing';

export type Guarded<T> = { ok: true; value: T } | { ok: false; error: StoreError | undefined };

export interface GuardSettings {
  timeoutMs: number;
  failures: number;
  initialMs: number;
  maxMs: number;
  policy: StorePolicy | undefined;
  clock: () => number;
  onCooldown: (failures: number, coolDownMs: number) => void;
  onRecovered: () => void;
}

export const inTime = <T>(timeoutMs: number, call: () => Promise<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(
      () =>
        reject(
          new StoreError(`The store did not answer within ${Math.ceil(timeoutMs)} ms`, 'CACHE_STORE_TIMEOUT'),
        ),
      timeoutMs,
    );
    const attempt = async () => call();
    attempt()
      .then(resolve, reject)
      .finally(() => clearTimeout(timer));
  });

/** A value that cannot be written is the value's fault; it must not take the store out of service. */
export const isUnwritable = (answer: Guarded<unknown>): boolean =>
  !answer.ok && answer.error?.code === 'CACHE_STORE_UNWRITABLE';

/** The call was made, and may still do its work. */
export const isLate = (answer: Guarded<unknown>): boolean =>
  !answer.ok && answer.error?.code === 'CACHE_STORE_TIMEOUT';

/** Runs store calls so that none waits longer than the timeout, and none is made while the store is known to be down. */
export class StoreGuard {
  readonly #settings: GuardSettings;
  #failuresInRow = 0;
  #skipUntil = 0;
  #coolDownMs: number;
  #state: StoreState = 'up';

  constructor(settings: GuardSettings) {
    this.#settings = settings;
    this.#coolDownMs = settings.initialMs;
  }

  get state(): StoreState {
    return this.#state;
  }

  /** How long the store is still left alone, in ms; 0 = it may be asked. */
  get skippedForMs(): number {
    return this.#state === 'cooling-down' ? Math.max(0, this.#skipUntil - this.#settings.clock()) : 0;
  }

  /**
   * Never rejects. `error` undefined in a failure = the store was not asked.
   * @param limits.forced Ask it in a cool-down too. Default false.
   * @param limits.withinMs What is left of the caller's time, in ms; 0 or less: do not ask. Default: the store timeout.
   */
  async run<T>(
    call: () => Promise<T>,
    { forced = false, withinMs = this.#settings.timeoutMs }: { forced?: boolean; withinMs?: number } = {},
  ): Promise<Guarded<T>> {
    const { policy } = this.#settings;
    if (withinMs <= 0 || (policy === undefined && !this.#mayCall(forced)))
      return { ok: false, error: undefined };
    try {
      // With a policy the limit stands on both sides: inside so that it sees a timeout, outside so that its retries end.
      const value = await inTime(withinMs, () =>
        policy === undefined ? call() : policy.execute(() => inTime(withinMs, call)),
      );
      if (policy === undefined) this.#succeeded();
      return { ok: true, value };
    } catch (thrown) {
      const error =
        thrown instanceof StoreError
          ? thrown
          : new StoreError(`Store call failed: ${describe(thrown)}`, 'CACHE_STORE_FAILED', thrown);
      if (policy === undefined) this.#judge(error, withinMs);
      return { ok: false, error };
    }
  }

  // The store was not asked after all: what was known of it still holds, and the next call may probe it.
  #unasked(): void {
    if (this.#state === 'probing') this.#state = 'cooling-down';
  }

  #judge(error: StoreError, withinMs: number): void {
    if (error.code === 'CACHE_STORE_UNWRITABLE') {
      this.#unasked();
      return;
    }
    // A store that was left less than half of its time, because others took the rest, has not failed.
    const hurried = error.code === 'CACHE_STORE_TIMEOUT' && withinMs < this.#settings.timeoutMs / 2;
    if (hurried && this.#state === 'up') return;
    this.#failed();
  }

  #mayCall(forced: boolean): boolean {
    if (this.#state === 'up') return true;
    if (!forced && (this.#state === 'probing' || this.#settings.clock() < this.#skipUntil)) return false;
    this.#state = 'probing';
    return true;
  }

  #succeeded(): void {
    this.#failuresInRow = 0;
    if (this.#state !== 'probing') return;
    this.#state = 'up';
    this.#coolDownMs = this.#settings.initialMs;
    this.#settings.onRecovered();
  }

  #failed(): void {
    this.#failuresInRow++;
    if (this.#state === 'cooling-down') return;
    if (this.#state === 'up' && this.#failuresInRow < this.#settings.failures) return;
    const coolDownMs = this.#coolDownMs;
    this.#state = 'cooling-down';
    this.#skipUntil = this.#settings.clock() + coolDownMs;
    this.#coolDownMs = Math.min(coolDownMs * 2, this.#settings.maxMs);
    this.#settings.onCooldown(this.#failuresInRow, coolDownMs);
  }
}
