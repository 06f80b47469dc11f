import type { Circuit } from './circuit.ts';
import type { CircuitMode, CircuitRefusal } from './circuit-state.ts';
import { errorCode } from './error-code.ts';
import { CircuitIsolatedError, CircuitOpenError, stackless } from './errors.ts';
import type { CircuitStateName, Emitter, StateChange } from './events.ts';
import { duration, show } from './validate.ts';

/** What the evidence of a closed circuit is. */
export interface CircuitCounts {
  calls: number;
  failures: number;
  /** Only of a window with `slowCallMs`. */
  slow?: number;
}

/**
 * What a circuit is doing, by its `state`. It survives JSON: of the last failure the code or the class is in it, and `lastError`
 * itself beside it, as a property that is not enumerable.
 */
export type CircuitSnapshot =
  | { state: 'closed'; name: string; window: CircuitCounts | undefined }
  | {
      state: 'open';
      name: string;
      retryAfterMs: number;
      openings: number;
      lastErrorCode?: string;
      readonly lastError?: unknown;
    }
  | { state: 'half-open'; name: string; probesRunning: number; probesSucceeded: number; openings: number }
  | { state: 'isolated'; name: string; holders: number };

/** Keeps a circuit isolated until disposed of; `using held = breaker.isolate()` works too. */
export interface IsolationHandle extends Disposable {
  dispose(): void;
}

/** Why calls are let through or not. */
export interface CircuitExplanation {
  state: CircuitStateName;
  mode: CircuitMode;
  /** In one sentence, for people. */
  text: string;
  /** Milliseconds until a call may be let through: 0 for now, undefined when nobody can tell. */
  retryAfterMs: number | undefined;
  /** Openings in a row without a close between them. */
  openings: number;
  /** The evidence so far, where the circuit is closed and its counter can be read. */
  window: CircuitCounts | undefined;
  /** The last failure that counted since the circuit was closed. */
  lastError: unknown;
  /** The last call that was not let through, and how many milliseconds ago that was. */
  lastRejection: { reason: CircuitRefusal; agoMs: number } | undefined;
}

export const snapshotOf = (circuit: Circuit): CircuitSnapshot => {
  const inner = circuit.look();
  const name = circuit.emitter.policy;
  const { openings } = circuit;
  switch (inner.state) {
    case 'closed':
      return { state: 'closed', name, window: circuit.settings.counter.counts() };
    case 'open':
      return openSnapshot(circuit, name);
    case 'half-open':
      return {
        state: 'half-open',
        name,
        probesRunning: inner.running.size,
        probesSucceeded: inner.succeeded,
        openings,
      };
    case 'isolated':
      return { state: 'isolated', name, holders: inner.holders };
  }
};

const openSnapshot = (circuit: Circuit, name: string): CircuitSnapshot => {
  const { openings, lastError, retryAfterMs = 0 } = circuit;
  const code = lastError === undefined ? {} : { lastErrorCode: errorCode(lastError) };
  const snapshot = { state: 'open' as const, name, retryAfterMs, openings, ...code };
  return Object.defineProperty(snapshot, 'lastError', { value: lastError });
};

export const explanationOf = (circuit: Circuit): CircuitExplanation => {
  const inner = circuit.look();
  const { mode, retryAfterMs, openings, lastError, lastRefusal } = circuit;
  return {
    state: inner.state,
    mode,
    text: textOf(circuit),
    retryAfterMs,
    openings,
    window: inner.state === 'closed' ? circuit.settings.counter.counts() : undefined,
    lastError,
    lastRejection: lastRefusal,
  };
};

const textOf = (circuit: Circuit): string => {
  const inner = circuit.look();
  const { mode, retryAfterMs } = circuit;
  const { halfOpenProbes } = circuit.settings;
  switch (inner.state) {
    case 'isolated':
      return `isolated by hand, ${inner.holders} holding it: no call is let through`;
    case 'open':
      return `open: no call is let through; a probe may go in ${Math.ceil(retryAfterMs ?? 0)} ms`;
    case 'half-open':
      return (
        `half-open: of ${halfOpenProbes} probes ${inner.running.size} are running, ` +
        `${inner.succeeded} succeeded and ${inner.failed} failed`
      );
    case 'closed':
      if (mode === 'disabled') return 'disabled: every call is let through, none is counted';
      if (mode === 'metrics-only') return 'metrics-only: every call is let through and counted';
      if (inner.ramp !== undefined)
        return 'closed a short while ago: a growing share of calls is let through';
      return 'closed: every call is let through';
  }
};

/** Checks what `restore` is given: it may come from a file or another process. */
export const checkSnapshot = (saved: CircuitSnapshot, elapsedMs: number): void => {
  const { state, openings, retryAfterMs } = (saved ?? {}) as Partial<Record<string, unknown>>;
  if (!['closed', 'open', 'half-open', 'isolated'].includes(state as string))
    throw new TypeError(`snapshot must have a state of a circuit, got ${show(saved)}`);
  if (state === 'open')
    duration('snapshot.retryAfterMs', retryAfterMs as number, { zero: true, infinite: false });
  if (
    (state === 'open' || state === 'half-open') &&
    !(Number.isSafeInteger(openings) && Number(openings) >= 0)
  )
    throw new RangeError(`snapshot.openings must be an integer >= 0, got ${show(openings)}`);
  duration('elapsedMs', elapsedMs, { zero: true, infinite: false });
};

/** The error of a call that was not let through, told to who listens. */
export const refusalOf = (
  emitter: Emitter,
  reason: CircuitRefusal,
  retryAfterMs: number | undefined,
  openedBy: unknown,
): CircuitOpenError => {
  const { policy } = emitter;
  if (emitter.wants('reject'))
    emitter.emit('reject', { policy, reason, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
  return stackless(() =>
    reason === 'isolated'
      ? new CircuitIsolatedError(policy)
      : new CircuitOpenError(policy, retryAfterMs, openedBy, MESSAGES[reason](policy)),
  );
};

const MESSAGES = {
  open: () => undefined,
  'half-open': (policy: string) => `Circuit "${policy}" is half-open and its probes are out`,
  'ramp-up': (policy: string) => `Circuit "${policy}" has just closed and takes up its calls bit by bit`,
};

/** Tells who listens to `state`, and to the event of the new state. */
export const tellChange = (
  emitter: Emitter,
  from: CircuitStateName,
  to: CircuitStateName,
  retryAfterMs: number | undefined,
  error: unknown,
): void => {
  const event = EVENTS[to];
  if (from === to || (!emitter.wants('state') && !emitter.wants(event))) return;
  const change: StateChange = { policy: emitter.policy, from, to };
  if (retryAfterMs !== undefined) change.retryAfterMs = retryAfterMs;
  if (error !== undefined) change.error = error;
  emitter.emit('state', change);
  emitter.emit(event, change);
};

const EVENTS = { closed: 'close', open: 'open', 'half-open': 'half-open', isolated: 'isolate' } as const;
