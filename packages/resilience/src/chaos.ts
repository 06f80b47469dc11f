import { contextOf, type PolicyContext } from './context.ts';
import { Emitter } from './events.ts';
import { definePolicy, type Policy } from './policy.ts';
import type { Layer } from './program.ts';
import type { Scope } from './scope.ts';
import { Recorder } from './stats.ts';
import { after, type Timers, type TimeSource } from './timers.ts';
import {
  duration,
  flag,
  integer,
  nameOf,
  onlyKnown,
  optionalFunction,
  show,
  timeSource,
} from './validate.ts';

/** The share of calls for each kind of fault, each between 0 and 1. */
export interface ChaosRates {
  latency?: number | undefined;
  fault?: number | undefined;
  outcome?: number | undefined;
}

/** Options of {@link chaos}. At least one of `latencyMs`, `fault` and `outcome` must be given. */
export interface ChaosOptions extends TimeSource {
  /** The share of calls, 0 to 1, that each of the given kinds strikes; or one share for each kind. */
  rate: number | ChaosRates;
  /** Wait so long before the call, or anything between two bounds. */
  latencyMs?: number | readonly [from: number, to: number] | undefined;
  /** Fail in the call's place: `true` with an {@link InjectedFaultError}, else with what the function gives. */
  fault?: true | ((context: PolicyContext) => unknown) | undefined;
  /** Answer in the call's place, with what the function gives. */
  outcome?: ((context: PolicyContext) => unknown) | undefined;
  /** Default true. A function is asked for each call; one that throws means no. */
  enabled?: boolean | (() => boolean) | undefined;
  /** An integer >= 0, for the same faults in each run. Not together with `random`. */
  seed?: number | undefined;
  /** Gives 0 to less than 1. Default `Math.random`. */
  random?: (() => number) | undefined;
  /** Without it, `chaos` refuses to be made where NODE_ENV is `production`. Default false. */
  allowInProduction?: boolean | undefined;
  /** In events and errors. Default `chaos`. */
  name?: string | undefined;
}

const KINDS = ['latency', 'fault', 'outcome'] as const;
const OPTIONS = [
  ...['rate', 'latencyMs', 'fault', 'outcome', 'enabled', 'seed', 'random', 'allowInProduction', 'name'],
  ...['clock', 'timers'],
];

export type ChaosEvents = 'success' | 'failure' | 'chaos';

/** What `chaos` throws in the call's place. It says nothing of safety, as an unknown failure does. */
export class InjectedFaultError extends Error {
  static {
    Object.defineProperty(InjectedFaultError.prototype, 'name', {
      value: 'InjectedFaultError',
      writable: true,
    });
  }
  readonly code = 'INJECTED_FAULT';
  readonly policy: string;

  constructor(policy: string) {
    super(`"${policy}" made this call fail on purpose`);
    this.policy = policy;
  }
}

/**
 * A policy that makes calls slow, fail or answer something else on purpose, to see what the policies around it do.
 * Each kind is drawn for each call, in the order latency, fault, outcome: with a seed the same calls are struck in each run.
 * `outcome` answers whatever type the call has; the types cannot check that.
 * @throws InjectedFaultError or what `fault` gives; `signal.reason` at once when aborted.
 * @throws Error here, at construction, where NODE_ENV is `production`, unless `allowInProduction` is true.
 * @throws RangeError or TypeError here, at construction, for an option that makes no sense.
 */
export function chaos(options: ChaosOptions): Policy<never, ChaosEvents> {
  onlyKnown('chaos', options, OPTIONS);
  const { clock, timers } = timeSource(options);
  const name = nameOf(options.name, 'chaos');
  if (flag('allowInProduction', options.allowInProduction) !== true && process.env.NODE_ENV === 'production')
    throw new Error(`chaos "${name}" refuses to run in production; allowInProduction: true overrides this`);
  const { fault, outcome, enabled = true } = options;
  if (fault !== true) optionalFunction('fault', fault);
  optionalFunction('outcome', outcome);
  if (typeof enabled !== 'boolean' && typeof enabled !== 'function')
    throw new TypeError(`enabled must be true, false or a function, got ${show(enabled)}`);
  const latency = latencyOf(options.latencyMs);
  const given = { latency, fault, outcome };
  if (KINDS.every((kind) => given[kind] === undefined))
    throw new TypeError('chaos needs at least one of latencyMs, fault, outcome');
  const rates = ratesOf(options.rate, given);
  const draw = drawOf(options);
  const emitter = new Emitter(name, ['success', 'failure', 'chaos']);
  const random = (): number => emitter.ask('random', draw, 1);
  const isOn = (): boolean =>
    typeof enabled === 'boolean' ? enabled : emitter.ask('enabled', enabled, false) === true;

  const layer: Layer = async (task, scope, attempt) => {
    if (!isOn()) return task(scope, attempt);
    if (scope.aborted) throw scope.reason;
    // Always the same draws, so that one call's luck does not shift the next one's.
    const strikes = KINDS.map((kind) => given[kind] !== undefined && random() < rates[kind]);
    const spread = latency === undefined || latency.from === latency.to ? 0 : random();
    const [slow, fails, answers] = strikes;
    if (slow === true && latency !== undefined) {
      const latencyMs = latency.from + spread * (latency.to - latency.from);
      if (emitter.wants('chaos')) emitter.emit('chaos', { policy: name, kind: 'latency', latencyMs });
      if (!scope.aborted && latencyMs > 0) await pause(timers, latencyMs, scope);
      if (scope.aborted) throw scope.reason;
    }
    if (fails === true) {
      const error =
        typeof fault === 'function' ? await fault(contextOf(scope, attempt)) : new InjectedFaultError(name);
      if (emitter.wants('chaos')) emitter.emit('chaos', { policy: name, kind: 'fault', error });
      throw error;
    }
    if (answers === true && outcome !== undefined) {
      if (emitter.wants('chaos')) emitter.emit('chaos', { policy: name, kind: 'outcome' });
      return outcome(contextOf(scope, attempt));
    }
    return task(scope, attempt);
  };
  return definePolicy({ emitter, clock, recorder: new Recorder(), layer, standsIn: true });
}

const latencyOf = (given: ChaosOptions['latencyMs']): { from: number; to: number } | undefined => {
  if (given === undefined) return undefined;
  const rule = { zero: true, infinite: false };
  if (typeof given === 'number') {
    const ms = duration('latencyMs', given, rule);
    return { from: ms, to: ms };
  }
  if (!Array.isArray(given) || given.length !== 2)
    throw new TypeError(`latencyMs must be a number of milliseconds or two, got ${show(given)}`);
  const [from, to] = given as [number, number];
  duration('latencyMs[0]', from, rule);
  duration('latencyMs[1]', to, rule);
  if (to < from) throw new RangeError(`latencyMs[1] must be at least latencyMs[0] (${from}), got ${to}`);
  return { from, to };
};

const ratesOf = (
  rate: ChaosOptions['rate'],
  given: Record<(typeof KINDS)[number], unknown>,
): Record<(typeof KINDS)[number], number> => {
  const share = (option: string, value: unknown): number => {
    if (typeof value === 'number' && value >= 0 && value <= 1) return value;
    throw new RangeError(`${option} must be a number from 0 to 1, got ${show(value)}`);
  };
  if (typeof rate !== 'object' || rate === null) {
    const one = share('rate', rate);
    return { latency: one, fault: one, outcome: one };
  }
  onlyKnown('rate', rate, KINDS);
  const rates = { latency: 0, fault: 0, outcome: 0 };
  for (const kind of KINDS) {
    if (rate[kind] !== undefined && given[kind] === undefined)
      throw new TypeError(`rate.${kind} is given, but nothing that it could strike with`);
    if (given[kind] !== undefined) rates[kind] = share(`rate.${kind}`, rate[kind]);
  }
  return rates;
};

const drawOf = ({ seed, random }: ChaosOptions): (() => number) => {
  optionalFunction('random', random);
  if (seed === undefined) return random ?? Math.random;
  if (random !== undefined) throw new TypeError('give one of seed and random, got both');
  let state = integer('seed', seed, 0) >>> 0;
  // mulberry32: small, well mixed from the first draw on, the same everywhere.
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
};

const pause = (timers: Timers, ms: number, scope: Scope): Promise<void> =>
  new Promise((resolve, reject) => {
    const stopTimer = after(timers, ms, () => {
      stopListening();
      resolve();
    });
    const stopListening = scope.onAbort((reason) => {
      stopTimer();
      reject(reason);
    });
  });
