import { deadlineRest } from './deadline-context.ts';
import { spent } from './deadline-error.ts';
import { Emitter } from './events.ts';
import { Flight } from './flight.ts';
import { definePolicy, type Policy } from './policy.ts';
import type { Layer, WrappedCall } from './program.ts';
import { Recorder } from './stats.ts';
import type { TimeSource } from './timers.ts';
import { nameOf, onlyKnown, show, timeSource } from './validate.ts';

/** Options of {@link coalesce}. */
export interface CoalesceOptions extends TimeSource {
  /**
   * Which calls are equal. A wrapped function's or method's arguments are handed in; `execute` hands in nothing.
   * Compared as a Map does. `undefined` means: this call is like no other. It must name all that the answer depends on, the user too.
   */
  // biome-ignore lint/suspicious/noExplicitAny: the arguments are those of whatever function is wrapped.
  key: (...args: any[]) => unknown;
  /** In events and errors. Default `coalesce`. */
  name?: string | undefined;
}

export type CoalesceEvents = 'success' | 'failure' | 'coalesce';

/** A {@link Policy} for calls that can be told apart by a key. */
export interface Coalesce extends Policy<never, CoalesceEvents> {
  /** The same policy for one key that is known: `reads.for(id).execute(…)`; `undefined` is like no other here too. */
  for(key: unknown): Policy<never, CoalesceEvents>;
  /** `shared` counts callers that got the answer of a call that another began. */
  snapshot(): { name: string; inFlight: number; waiting: number; shared: number };
}

type Flights = Map<unknown, Flight>;

/**
 * A policy by which equal calls under way at the same time are one call: its answer, or its error, goes to all.
 * Nothing is kept after it has settled. A caller that aborts leaves alone; the call is aborted when the last has left.
 * Wrapped functions share nothing with each other, nor do methods of different objects; `execute` and `for` share one set of keys.
 * All callers get the same object: do not change it. A stream is shared with nobody: each reader makes a call of its own.
 * @throws What the shared call throws, by identity; `signal.reason` at once when aborted; DeadlineExceededError for the
 * caller whose own deadline passes.
 * @throws TypeError by `execute`, as a rejection, when `key` wants arguments: use `for(key)`.
 * @throws TypeError here, at construction, for an option that makes no sense.
 */
export function coalesce(options: CoalesceOptions): Coalesce {
  onlyKnown('coalesce', options, ['key', 'name', 'clock', 'timers']);
  const { key } = options;
  if (typeof key !== 'function') throw new TypeError(`key must be a function, got ${show(key)}`);
  const { clock, timers } = timeSource(options);
  const name = nameOf(options.name, 'coalesce');
  const emitter = new Emitter(name, ['success', 'failure', 'coalesce']);
  const recorder = new Recorder();
  const bare: Flights = new Map();
  const wrapped = new WeakMap<object, WeakMap<object, Flights>>();
  const all = new Set<Flight>();
  let shared = 0;

  const fly = async (
    flights: Flights,
    id: unknown,
    [task, scope, attempt]: Parameters<Layer>,
  ): Promise<unknown> => {
    if (id === undefined) return task(scope, attempt);
    if (scope.aborted) throw scope.reason;
    if (deadlineRest() === 0) throw spent(name);
    const under = flights.get(id);
    if (under === undefined) {
      const ended = (): void => {
        all.delete(flight);
        if (flights.get(id) === flight) flights.delete(id);
      };
      const flight: Flight = new Flight(name, timers, task, attempt, ended);
      flights.set(id, flight);
      all.add(flight);
      return flight.join(scope);
    }
    if (under.entered) return task(scope, attempt);
    shared++;
    const result = under.join(scope);
    if (emitter.wants('coalesce'))
      emitter.emit('coalesce', { policy: name, key: id, waiting: under.waiting });
    return result;
  };

  const layer = unlessStream(async (...call) => {
    const from = call[3]?.wrapped;
    if (from === undefined && key.length > 0)
      throw new TypeError(`"${name}": key takes arguments and execute has none; use for(key).execute(…)`);
    const id = emitter.ask('key', () => key(...(from?.args ?? [])), undefined);
    return fly(from === undefined ? bare : flightsOf(wrapped, from), id, call);
  });
  // Who joins waits for a call that was made.
  const core = { emitter, clock, recorder, layer, standsIn: true };
  return definePolicy<Coalesce>(core, {
    for: (id: unknown) => definePolicy({ ...core, layer: unlessStream((...call) => fly(bare, id, call)) }),
    snapshot: (): ReturnType<Coalesce['snapshot']> => ({
      name,
      inFlight: all.size,
      waiting: [...all].reduce((sum, { waiting }) => sum + waiting, 0),
      shared,
    }),
  });
}

/** Of a stream that several read each would get a part of the items, so each reader makes a call of its own. */
const unlessStream =
  (layer: Layer): Layer =>
  (task, scope, attempt, origin) =>
    origin?.holds === undefined
      ? layer(task, scope, attempt, origin)
      : new Promise((settle) => settle(task(scope, attempt)));

// What stands for `this` where there is none.
const NOBODY = {};

const flightsOf = (
  wrapped: WeakMap<object, WeakMap<object, Flights>>,
  { fn, self }: WrappedCall,
): Flights => {
  const owner = (typeof self === 'object' && self !== null) || typeof self === 'function' ? self : NOBODY;
  const owners = wrapped.get(fn) ?? new WeakMap<object, Flights>();
  wrapped.set(fn, owners);
  const flights: Flights = owners.get(owner) ?? new Map();
  owners.set(owner, flights);
  return flights;
};
