import type { Delays } from './backoff.ts';
import type { Counter } from './circuit-counters.ts';
import type { CircuitJudge } from './circuit-rule.ts';

/** `metrics-only` counts and never opens; `disabled` does not even count. */
export type CircuitMode = 'enabled' | 'metrics-only' | 'disabled';

/** Why a circuit did not let a call through. */
export type CircuitRefusal = 'open' | 'half-open' | 'isolated' | 'ramp-up';

/** A call that was let through; to be handed back once. Its result counts only for the state that admitted it. */
export interface Permit {
  readonly generation: number;
  /** 0 where nobody asks how long the call took; where that is known already, `Infinity`, or `-Infinity` for a slow one. */
  readonly admittedAt: number;
  /** Those of the moment of admission hold for the call. */
  readonly settings: CircuitSettings;
}

export type Inner =
  /** One permit for all: nothing has to tell the calls of a closed circuit apart. */
  | { state: 'closed'; permit: Permit; ramp: Ramp | undefined }
  | { state: 'open'; openedAt: number; breakMs: number }
  | HalfOpen
  | { state: 'isolated'; holders: number };

export interface CircuitSettings {
  counter: Counter;
  judge: CircuitJudge;
  breaks: () => Delays;
  retryAfter: 'extend' | 'open' | 'ignore';
  maxRetryAfterMs: number;
  halfOpenProbes: number;
  /** Successes among the probes that close the circuit. */
  halfOpenSuccesses: number;
  halfOpenMaxWaitMs: number;
  /** Infinity when no call is too slow. */
  slowCallMs: number;
  rampUpMs: number;
  random: () => number;
}

/** The break of a circuit whose `openMs` has no answer. */
export const DEFAULT_OPEN_MS = 30_000;

/** The probes of a half-open circuit. Which of the settings hold is asked each time: they may change meanwhile. */
export class HalfOpen {
  readonly state = 'half-open';
  /** In the order of admission, so the first is the oldest. */
  readonly running = new Set<Permit>();
  succeeded = 0;
  failed = 0;

  /** Whether one more probe may go. */
  hasRoom({ halfOpenProbes }: CircuitSettings): boolean {
    return this.running.size + this.succeeded + this.failed < halfOpenProbes;
  }

  /** So many probes have failed that the others cannot make it good any more. */
  isLost({ halfOpenProbes, halfOpenSuccesses }: CircuitSettings): boolean {
    return this.failed > halfOpenProbes - halfOpenSuccesses;
  }

  /** When the oldest probe counts as failed; `Infinity` when none runs, or it may take for ever. */
  overdueAt({ halfOpenMaxWaitMs }: CircuitSettings): number {
    const [oldest] = this.running;
    return oldest === undefined ? Number.POSITIVE_INFINITY : oldest.admittedAt + halfOpenMaxWaitMs;
  }
}

/** The share of calls that a ramp lets through at its very beginning. */
const RAMP_FROM = 0.1;

/** After closing, the share of calls that is let through grows from a tenth to all. */
export class Ramp {
  readonly #startedAt: number;
  readonly #ms: number;

  constructor(startedAt: number, ms: number) {
    this.#startedAt = startedAt;
    this.#ms = ms;
  }

  /** At least 1 once it is over. */
  shareAt(now: number): number {
    return RAMP_FROM + (1 - RAMP_FROM) * Math.max(0, (now - this.#startedAt) / this.#ms);
  }
}
