import { type HealthCheck, type HealthCheckResult, type HealthStatus, overall } from './health-check.ts';
import { CheckRun, type HealthTime } from './health-run.ts';
import { checkOf, type HealthSource } from './health-sources.ts';
import type { TimeSource } from './timers.ts';
import { duration, flag, onlyKnown, show, timeSource } from './validate.ts';
import { wallClock } from './wall-clock.ts';

export interface HealthCheckOptions {
  /** Down takes the whole down; a check that is not critical only degrades it. Default true. */
  critical?: boolean | undefined;
  /** A check that takes longer is down. Default 1_000. */
  timeoutMs?: number | undefined;
  /** How long a result is used again. Default 0. */
  cacheMs?: number | undefined;
}

export interface HealthReport {
  status: HealthStatus;
  /** When the report was made, ISO 8601. */
  checkedAt: string;
  checks: Record<string, HealthCheckResult>;
}

/** That this process runs. Says nothing of what it depends on: restarting does not mend a dependency. */
export interface Liveness {
  status: 'up';
  /** When the registry was made, ISO 8601. */
  since: string;
  checkedAt: string;
}

export interface HealthRegistryOptions extends TimeSource {
  /** The wall clock of `checkedAt` and `since`, milliseconds since 1970. Default `Date.now`. */
  now?: (() => number) | undefined;
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}$/;

/** Named checks, asked together, answered as one document. */
export class HealthRegistry {
  readonly #checks = new Map<string, CheckRun>();
  readonly #time: HealthTime;
  readonly #since: string;

  constructor(options: HealthRegistryOptions = {}) {
    onlyKnown('HealthRegistry', options, ['clock', 'timers', 'now']);
    this.#time = { ...timeSource(options), now: wallClock(options.now) };
    this.#since = this.#iso();
  }

  /**
   * Adds a check, or a policy as one. Of a circuit breaker: closed = up, half-open = degraded, open or isolated = down; of
   * breakers by key: some not closed = degraded, all open = down; of a bulkhead, an adaptive concurrency or a rate limit: the next
   * call would be refused = degraded; of a pipeline: the worse of breaker and bulkhead; each is unknown before its first call.
   * @param name Letters, digits and `._:/-`, at most 100; each name once.
   * @throws TypeError for a bad name, a name taken, or a source that is neither a function nor shows a state, such as a `retry`.
   */
  register(name: string, source: HealthCheck | HealthSource, options: HealthCheckOptions = {}): void {
    if (typeof name !== 'string' || !NAME.test(name))
      throw new TypeError(`name must be 1 to 100 letters, digits or ._:/- characters, got ${show(name)}`);
    if (this.#checks.has(name))
      throw new TypeError(`name "${name}" is registered already; unregister it first`);
    onlyKnown('register', options, ['critical', 'timeoutMs', 'cacheMs']);
    const settings = {
      critical: flag('critical', options.critical) ?? true,
      timeoutMs: duration('timeoutMs', options.timeoutMs ?? 1_000, { zero: false, infinite: false }),
      cacheMs: duration('cacheMs', options.cacheMs ?? 0, { zero: true, infinite: true }),
    };
    this.#checks.set(name, new CheckRun(checkOf(name, source), settings, this.#time));
  }

  /** Answers whether there was such a check. */
  unregister(name: string): boolean {
    return this.#checks.delete(name);
  }

  /**
   * Runs all checks at once; never rejects, and takes no longer than the longest `timeoutMs`.
   * Reports at the same time share one run of a check; one that hangs is down, and is not started again until it has settled
   * or ten times its `timeoutMs` have passed.
   * The whole is down when a critical check is down; degraded when any other check is down or any is degraded;
   * unknown when nothing is known; else up.
   */
  report(): Promise<HealthReport> {
    return this.#ask([...this.#checks]);
  }

  /** Whether to send traffic here: a report of the critical checks alone. Anything but `down` is ready. */
  readiness(): Promise<HealthReport> {
    return this.#ask([...this.#checks].filter(([, { critical }]) => critical));
  }

  /** Whether to restart this process. Runs no check. */
  liveness(): Liveness {
    return { status: 'up', since: this.#since, checkedAt: this.#iso() };
  }

  /** The last known results, `unknown` where a check has not run yet. Runs no check. */
  snapshot(): HealthReport {
    const checks = [...this.#checks];
    return this.#document(
      checks,
      checks.map(([, check]) => check.last()),
    );
  }

  async #ask(checks: readonly [string, CheckRun][]): Promise<HealthReport> {
    return this.#document(checks, await Promise.all(checks.map(([, check]) => check.result())));
  }

  #document(checks: readonly [string, CheckRun][], results: readonly HealthCheckResult[]): HealthReport {
    return {
      status: overall(results),
      checkedAt: this.#iso(),
      checks: Object.fromEntries(checks.map(([name], at) => [name, results[at]!])),
    };
  }

  #iso(): string {
    return new Date(this.#time.now()).toISOString();
  }
}

/** The process's own registry, for those who need one only. */
export const healthRegistry: HealthRegistry = new HealthRegistry();
