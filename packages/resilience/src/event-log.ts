import { AssertionError } from 'node:assert';
import { inspect, isDeepStrictEqual } from 'node:util';
import { EVENTS, type EventName, type PolicyEvents } from './events.ts';
import { type Clock, systemClock } from './timers.ts';
import { onlyKnown, optionalFunction, show } from './validate.ts';

/** What is heard of a policy. */
export interface RecordedPolicy {
  on(event: never, listener: (payload: never) => unknown): () => void;
}

export interface RecordedEvent<K extends EventName = EventName> {
  event: K;
  /** By the clock. */
  at: number;
  payload: PolicyEvents[K];
}

/** An event by its name, or by its name and some fields of its payload. */
export type ExpectedEvent = EventName | readonly [event: EventName, fields: Record<string, unknown>];

export interface RecordOptions {
  /** Which events. Default: all that the policy has, transitions as `open`, `half-open`, `close`, `isolate` and not as `state` too. */
  events?: readonly EventName[] | undefined;
  /** Of a `VirtualClock` for instance. Default: the process's monotonic clock. */
  clock?: Clock | undefined;
}

/** The events of a policy, in order. The assertions throw an `AssertionError`, which every test runner shows well. */
export interface EventLog {
  readonly events: readonly RecordedEvent[];
  readonly names: readonly EventName[];
  /** The payloads of one event. */
  of<K extends EventName>(event: K): PolicyEvents[K][];
  count(event: EventName): number;
  /** These events happened, in this order, and no others. */
  expectSequence(expected: readonly ExpectedEvent[]): void;
  /** These counts hold; events that are not named may have any. */
  expectCounts(expected: Partial<Record<EventName, number>>): void;
  clear(): void;
  /** Listens no more; what was heard stays. */
  stop(): void;
}

// A transition is heard by its own word.
const WITHOUT_STATE = EVENTS.filter((event) => event !== 'state');

/**
 * Records what a policy tells from now on.
 * @throws TypeError here for an event in `options.events` that the policy does not have, and for something without `on`.
 */
export function recordEvents(policy: RecordedPolicy, options: RecordOptions = {}): EventLog {
  if (typeof policy?.on !== 'function') throw new TypeError(`policy must have on(), got ${show(policy)}`);
  onlyKnown('recordEvents', options, ['events', 'clock']);
  const clock = optionalFunction('clock', options.clock) ?? systemClock;
  const on = policy.on as (event: EventName, listener: (payload: never) => unknown) => () => void;
  const events: RecordedEvent[] = [];
  const hear = (event: EventName): (() => void) =>
    on.call(policy, event, (payload) => events.push({ event, at: clock(), payload }));
  const stops = options.events?.map(hear) ?? WITHOUT_STATE.flatMap((event) => heard(hear, event));
  const names = (): EventName[] => events.map(({ event }) => event);
  const of: EventLog['of'] = (name) =>
    events.filter(({ event }) => event === name).map(({ payload }) => payload as never);

  return {
    events,
    get names() {
      return names();
    },
    of,
    count: (event) => of(event).length,
    expectSequence: (expected) => {
      const fits =
        expected.length === events.length && expected.every((each, at) => isExpected(each, events[at]!));
      if (!fits) throw mismatch('events', events.map(told(expected)), [...expected]);
    },
    expectCounts: (expected) => {
      const actual = Object.fromEntries(
        Object.keys(expected).map((name) => [name, of(name as EventName).length]),
      );
      if (!isDeepStrictEqual(actual, { ...expected })) throw mismatch('counts', actual, expected);
    },
    clear: () => {
      events.length = 0;
    },
    stop: () => {
      for (const stop of stops.splice(0)) stop();
    },
  };
}

/** A policy refuses an event that it does not have. */
const heard = (hear: (event: EventName) => () => void, event: EventName): (() => void)[] => {
  try {
    return [hear(event)];
  } catch {
    return [];
  }
};

const isExpected = (expected: ExpectedEvent, { event, payload }: RecordedEvent): boolean => {
  if (typeof expected === 'string') return expected === event;
  const [name, fields] = expected;
  return (
    name === event &&
    Object.entries(fields).every(([field, value]) =>
      isDeepStrictEqual((payload as unknown as Record<string, unknown>)[field], value),
    )
  );
};

/** An event as the expectation at its place puts it, so that the difference shows and nothing else. */
const told =
  (expected: readonly ExpectedEvent[]) =>
  ({ event, payload }: RecordedEvent, at: number): unknown => {
    const wanted = expected[at];
    if (wanted === undefined || typeof wanted === 'string') return event;
    const all = payload as unknown as Record<string, unknown>;
    return [event, Object.fromEntries(Object.keys(wanted[1]).map((field) => [field, all[field]]))];
  };

const mismatch = (what: string, actual: unknown, expected: unknown): AssertionError =>
  new AssertionError({
    message: `The ${what} are not as expected.\nexpected ${inspect(expected)}\nactual   ${inspect(actual)}`,
    actual,
    expected,
    operator: 'deepStrictEqual',
    stackStartFn: mismatch,
  });
