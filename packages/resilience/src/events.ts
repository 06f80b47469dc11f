import { type Channel, channel } from 'node:diagnostics_channel';
import { deliver } from './listeners.ts';
import { show } from './validate.ts';

export type CircuitStateName = 'closed' | 'open' | 'half-open' | 'isolated';

/** One transition of a circuit. */
export interface StateChange {
  policy: string;
  from: CircuitStateName;
  to: CircuitStateName;
  /** Milliseconds until the next probe; only when `to` is `open`. */
  retryAfterMs?: number;
  /** What opened the circuit; only when `to` is `open` and a call's error did it. */
  error?: unknown;
}

/** What each event carries. `policy` is the policy's name, durations are milliseconds. */
export interface PolicyEvents {
  success: { policy: string; durationMs: number };
  failure: { policy: string; durationMs: number; error: unknown };
  /** `attempt` failed (1 is the first call); the next one starts after `delayMs`. `error` is absent for a bad result. */
  retry: { policy: string; attempt: number; delayMs: number; error?: unknown };
  /** A retry was due after `attempt`, and the retry budget did not allow it. */
  suppress: { policy: string; attempt: number; reason: 'budget'; error?: unknown };
  timeout: { policy: string; timeoutMs: number };
  reject: {
    policy: string;
    reason:
      | ('open' | 'half-open' | 'isolated' | 'ramp-up' | 'full' | 'queue-timeout')
      | ('rate' | 'displaced' | 'deadline');
    retryAfterMs?: number;
  };
  /**
   * `error` was answered by the fallback; `fallbackError` is set when the fallback threw as well.
   * Of a chain also: the `step` that answered (0 is the first), and whether its answer is `stale`.
   */
  fallback: {
    policy: string;
    error: unknown;
    fallbackError?: unknown;
    step?: number;
    stale?: boolean;
    ageMs?: number;
  };
  /** Time ran out; `madeCall` is false when it had run out before. */
  deadline: { policy: string; timeoutMs: number; madeCall: boolean };
  /** A further call beside the first (`hedge` 1 is the first of them), or one that the budget held back. */
  hedge: { policy: string; hedge: number; delayMs: number; suppressed: boolean };
  /** A caller joined the call that is under way for `key`; `waiting` counts all of them. */
  coalesce: { policy: string; key: unknown; waiting: number };
  /** What was done to a call on purpose. */
  chaos: { policy: string; kind: 'latency' | 'fault' | 'outcome'; latencyMs?: number; error?: unknown };
  /** The number of calls that may run at once has changed. */
  limit: { policy: string; from: number; to: number; reason: 'growth' | 'slow' | 'drop' | 'gradient' };
  /** Every transition; the four below are the same payload, one word each. */
  state: StateChange;
  open: StateChange;
  'half-open': StateChange;
  close: StateChange;
  isolate: StateChange;
}

export type EventName = keyof PolicyEvents;

/** Whether the event also goes to a diagnostics channel: of a transition, `state` does for all four. */
const SHARED: Record<EventName, boolean> = {
  ...{ success: true, failure: true, retry: true, suppress: true, timeout: true, reject: true },
  ...{ fallback: true, state: true, open: false, 'half-open': false, close: false, isolate: false },
  ...{ deadline: true, hedge: true, coalesce: true, chaos: true, limit: true },
};

export const EVENTS = Object.keys(SHARED) as readonly EventName[];

const CHANNELS: Partial<Record<EventName, Channel>> = {};
for (const event of EVENTS) {
  if (SHARED[event]) CHANNELS[event] = channel(`agent4:resilience:${event}`);
}
const SUCCESS = channel('agent4:resilience:success');
const FAILURE = channel('agent4:resilience:failure');
const ERROR_CHANNEL = channel('agent4:resilience:error');

/** Policies with a listener of their own for `success` or `failure`. */
let hearers = 0;

/** Whether anybody in the process listens to the outcomes of all policies. */
export const outcomesAreHeard = (): boolean => SUCCESS.hasSubscribers || FAILURE.hasSubscribers;
/** Whether anybody in the process listens to the outcomes of any policy. */
export const anyOutcomeIsHeard = (): boolean => hearers > 0 || outcomesAreHeard();

/** The events of one policy: to its own listeners, and the same payload to the process's diagnostics channels. */
export class Emitter {
  readonly policy: string;
  readonly #known: readonly EventName[];
  // Replaced, never changed: a listener that comes or goes during an event does not disturb it.
  readonly #listeners: Partial<Record<EventName, readonly ((payload: never) => unknown)[]>> = {};

  /** Whether a listener of its own waits for `success` or `failure`. */
  hearsOutcome = false;

  constructor(policy: string, known: readonly EventName[]) {
    this.policy = policy;
    this.#known = known;
  }

  on(event: EventName, listener: (payload: never) => unknown): () => void {
    if (!this.#known.includes(event))
      throw new TypeError(`"${this.policy}" has no event ${show(event)}; it has ${this.#known.join(', ')}`);
    if (typeof listener !== 'function')
      throw new TypeError(`the listener of "${event}" must be a function, got ${show(listener)}`);
    // A wrapper of its own, so that the same function may be subscribed twice and each answer removes its own.
    const entry = (payload: never): unknown => listener(payload);
    const listeners = this.#listeners;
    listeners[event] = [...(listeners[event] ?? []), entry];
    this.#seeWhoHears();
    return () => {
      const left = listeners[event]?.filter((other) => other !== entry) ?? [];
      if (left.length > 0) listeners[event] = left;
      else delete listeners[event];
      this.#seeWhoHears();
    };
  }

  #seeWhoHears(): void {
    const { success, failure } = this.#listeners;
    const hears = success !== undefined || failure !== undefined;
    if (hears !== this.hearsOutcome) hearers += hears ? 1 : -1;
    this.hearsOutcome = hears;
  }

  knows(event: EventName): boolean {
    return this.#known.includes(event);
  }

  /** Ask before building a payload: nothing is paid for when nobody listens. */
  wants(event: EventName): boolean {
    return this.#listeners[event] !== undefined || CHANNELS[event]?.hasSubscribers === true;
  }

  /** Never throws: a listener's fault must not become the call's. */
  emit<K extends EventName>(event: K, payload: PolicyEvents[K]): void {
    const listeners = this.#listeners[event];
    if (listeners !== undefined)
      deliver(listeners, payload as never, (error: unknown) => this.report(event, error));
    const shared = CHANNELS[event];
    if (shared?.hasSubscribers === true) shared.publish(payload);
  }

  /** Runs a predicate that the user handed in; when it throws, `otherwise` holds and the error is reported. */
  ask<T>(source: string, predicate: () => T, otherwise: T): T {
    try {
      return predicate();
    } catch (error) {
      this.report(source, error);
      return otherwise;
    }
  }

  /** Where the faults of listeners and predicates go: channel `agent4:resilience:error`. */
  report(source: string, error: unknown): void {
    if (ERROR_CHANNEL.hasSubscribers) ERROR_CHANNEL.publish({ policy: this.policy, source, error });
  }
}
