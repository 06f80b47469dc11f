import type { CircuitStateName } from './events.ts';
import { after, type Clock, type Timers, type TimeSource } from './timers.ts';
import { duration, flag, onlyKnown, optionalFunction, show, timeSource } from './validate.ts';

export type HealthStatus = 'up' | 'degraded' | 'down' | 'unknown';

/** A check's answer: true or nothing = up, false = down, a status word, or a status with a message that is safe to show. */
export type HealthAnswer =
  | boolean
  | undefined
  | HealthStatus
  | { status: HealthStatus; message?: string | undefined };

/** Throwing or rejecting means down. The signal aborts when the check's time is up. */
export type HealthCheck = (signal: AbortSignal) => unknown;

/** A circuit breaker, or a pipeline with one. */
export type HealthSource =
  | { readonly state: CircuitStateName; stats(): { calls: number } }
  | { readonly circuitBreaker: { readonly state: CircuitStateName } | undefined; stats(): { calls: number } };

export interface HealthCheckOptions {
  /** Down takes the whole down; a check that is not critical only degrades it. Default true. */
  critical?: boolean | undefined;
  /** A check that takes longer is down. Default 1_000. */
  timeoutMs?: number | undefined;
  /** How long a result is used again. Default 0. */
  cacheMs?: number | undefined;
}

export interface HealthCheckResult {
  status: HealthStatus;
  critical: boolean;
  message?: string;
  /** How long the check took, to the microsecond. */
  latencyMs: number;
  /** When the check ran, ISO 8601. */
  checkedAt: string;
}

export interface HealthReport {
  status: HealthStatus;
  checks: Record<string, HealthCheckResult>;
}

export interface HealthRegistryOptions extends TimeSource {
  /** The wall clock of `checkedAt`, milliseconds since 1970. Default `Date.now`. */
  now?: (() => number) | undefined;
}

interface Entry {
  check: HealthCheck;
  critical: boolean;
  timeoutMs: number;
  cacheMs: number;
  running: Promise<HealthCheckResult> | undefined;
  last: { at: number; result: HealthCheckResult } | undefined;
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}$/;

/** Named checks, asked together, answered as one document. */
export class HealthRegistry {
  readonly #entries = new Map<string, Entry>();
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #now: () => number;

  constructor(options: HealthRegistryOptions = {}) {
    onlyKnown('HealthRegistry', options, ['clock', 'timers', 'now']);
    const { clock, timers } = timeSource(options);
    this.#clock = clock;
    this.#timers = timers;
    this.#now = optionalFunction('now', options.now) ?? Date.now;
  }

  /**
   * Adds a check, or a breaker or pipeline: closed = up (unknown before the first call), half-open = degraded, open or isolated = down.
   * @param name Letters, digits and `._:/-`, at most 100; each name once.
   * @throws TypeError for a bad name, a name taken, or a source that is neither a function nor has a circuit.
   */
  register(name: string, source: HealthCheck | HealthSource, options: HealthCheckOptions = {}): void {
    if (typeof name !== 'string' || !NAME.test(name))
      throw new TypeError(`name must be 1 to 100 letters, digits or ._:/- characters, got ${show(name)}`);
    if (this.#entries.has(name))
      throw new TypeError(`name "${name}" is registered already; unregister it first`);
    onlyKnown('register', options, ['critical', 'timeoutMs', 'cacheMs']);
    this.#entries.set(name, {
      check: checkOf(name, source),
      critical: flag('critical', options.critical) ?? true,
      timeoutMs: duration('timeoutMs', options.timeoutMs ?? 1_000, { zero: false, infinite: false }),
      cacheMs: duration('cacheMs', options.cacheMs ?? 0, { zero: true, infinite: true }),
      running: undefined,
      last: undefined,
    });
  }

  /** Answers whether there was such a check. */
  unregister(name: string): boolean {
    return this.#entries.delete(name);
  }

  /**
   * Runs all checks at once; never rejects, and takes no longer than the longest `timeoutMs`.
   * The whole is down when a critical check is down; degraded when any other check is down or any is degraded;
   * unknown when nothing is known; else up.
   */
  async report(): Promise<HealthReport> {
    const names = [...this.#entries];
    const results = await Promise.all(names.map(([, entry]) => this.#result(entry)));
    const checks = Object.fromEntries(names.map(([name], at) => [name, results[at]!]));
    return { status: overall(results), checks };
  }

  #result(entry: Entry): Promise<HealthCheckResult> {
    const { last, running } = entry;
    if (running !== undefined) return running;
    if (last !== undefined && this.#clock() - last.at < entry.cacheMs) return Promise.resolve(last.result);
    entry.running = this.#run(entry).then((result) => {
      entry.running = undefined;
      entry.last = { at: this.#clock(), result };
      return result;
    });
    return entry.running;
  }

  async #run(entry: Entry): Promise<HealthCheckResult> {
    const checkedAt = new Date(this.#now()).toISOString();
    const start = this.#clock();
    const controller = new AbortController();
    const answer = await new Promise<{ status: HealthStatus; message?: string }>((resolve) => {
      const stop = after(this.#timers, entry.timeoutMs, () => {
        resolve({ status: 'down', message: `no answer within ${entry.timeoutMs} ms` });
        controller.abort(new DOMException('The health check took too long', 'TimeoutError'));
      });
      new Promise((settle) => settle(entry.check(controller.signal))).then(
        (value) => {
          stop();
          resolve(read(value));
        },
        (error: unknown) => {
          stop();
          resolve({ status: 'down', message: `check failed: ${safeWord(error)}` });
        },
      );
    });
    // The clock counts nanoseconds as fractions; nobody reads more than three places of them.
    const latencyMs = Math.round((this.#clock() - start) * 1_000) / 1_000;
    return { ...answer, critical: entry.critical, latencyMs, checkedAt };
  }
}

/** The process's own registry, for those who need one only. */
export const healthRegistry: HealthRegistry = new HealthRegistry();

const OF_STATE: Record<CircuitStateName, { status: HealthStatus; message?: string }> = {
  closed: { status: 'up' },
  'half-open': { status: 'degraded', message: 'circuit half-open' },
  open: { status: 'down', message: 'circuit open' },
  isolated: { status: 'down', message: 'circuit isolated' },
};

const checkOf = (name: string, source: HealthCheck | HealthSource): HealthCheck => {
  // A policy is a function too, so ask for the circuit first.
  const circuit =
    (typeof source === 'object' && source !== null) || typeof source === 'function'
      ? 'circuitBreaker' in source
        ? source.circuitBreaker
        : 'state' in source
          ? source
          : undefined
      : undefined;
  if (circuit !== undefined) {
    const { stats } = source as HealthSource;
    return () => {
      const { state } = circuit;
      return state === 'closed' && stats().calls === 0
        ? { status: 'unknown', message: 'no call yet' }
        : OF_STATE[state];
    };
  }
  if (typeof source !== 'function' || 'execute' in source)
    throw new TypeError(
      `the source of "${name}" must be a function, a circuit breaker or a pipeline with one`,
    );
  return source;
};

const WORDS: ReadonlySet<unknown> = new Set(['up', 'degraded', 'down', 'unknown']);

const read = (value: unknown): { status: HealthStatus; message?: string } => {
  if (value === undefined || value === true) return { status: 'up' };
  if (value === false) return { status: 'down' };
  const { status, message } = (typeof value === 'object' && value !== null ? value : { status: value }) as {
    status?: unknown;
    message?: unknown;
  };
  if (!WORDS.has(status)) return { status: 'unknown', message: 'the check gave no status' };
  return {
    status: status as HealthStatus,
    ...(typeof message === 'string' ? { message: message.slice(0, 200) } : {}),
  };
};

/** An error's text may hold a password or a host; its code or its class does not. */
const safeWord = (error: unknown): string => {
  try {
    const { code, name } = error as { code?: unknown; name?: unknown };
    if (typeof code === 'string' && /^[A-Z][A-Z0-9_]{0,39}$/.test(code)) return code;
    if (typeof name === 'string' && /^[A-Za-z]{1,40}$/.test(name)) return name;
  } catch {
    // Null, undefined or a hostile getter: nothing is known.
  }
  return 'unknown error';
};

const overall = (results: readonly HealthCheckResult[]): HealthStatus => {
  const known = results.filter(({ status }) => status !== 'unknown');
  if (known.length === 0) return 'unknown';
  if (known.some(({ status, critical }) => status === 'down' && critical)) return 'down';
  return known.some(({ status }) => status !== 'up') ? 'degraded' : 'up';
};
