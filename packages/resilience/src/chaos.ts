import { changeable } from './changeable.ts';
import { chaosSettings } from './chaos-settings.ts';
import { contextOf, type PolicyContext } from './context.ts';
import { Emitter, type PolicyEvents } from './events.ts';
import { definePolicy, type Policy } from './policy.ts';
import type { Layer } from './program.ts';
import type { Scope } from './scope.ts';
import { seededRandom } from './seeded-random.ts';
import { Recorder } from './stats.ts';
import { after, type Timers, type TimeSource } from './timers.ts';
import { flag, nameOf, onlyKnown, optionalFunction, timeSource } from './validate.ts';

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

const CHANGES = ['rate', 'latencyMs', 'fault', 'outcome', 'enabled'];
const OPTIONS = [...CHANGES, 'seed', 'random', 'allowInProduction', 'name', 'clock', 'timers'];

/** What `configure` can change. */
export type ChaosChanges = Partial<
  Pick<ChaosOptions, 'rate' | 'latencyMs' | 'fault' | 'outcome' | 'enabled'>
>;

export type ChaosEvents = 'success' | 'failure' | 'chaos';

/** A {@link Policy} whose faults can be changed, and switched on and off. */
export interface Chaos extends Policy<never, ChaosEvents> {
  /**
   * Changes what is done to calls from now on; the draws go on where they were.
   * @throws As at construction; then nothing is changed.
   */
  configure(changes: ChaosChanges): void;
}

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
export function chaos(options: ChaosOptions): Chaos {
  onlyKnown('chaos', options, OPTIONS);
  const { clock, timers } = timeSource(options);
  const name = nameOf(options.name, 'chaos');
  if (flag('allowInProduction', options.allowInProduction) !== true && process.env.NODE_ENV === 'production')
    throw new Error(`chaos "${name}" refuses to run in production; allowInProduction: true overrides this`);
  let settings = chaosSettings(options);
  const draw = drawOf(options);
  const emitter = new Emitter(name, ['success', 'failure', 'chaos']);
  const random = (): number => emitter.ask('random', draw, 1);
  const tell = (event: Omit<PolicyEvents['chaos'], 'policy'>): void => {
    if (emitter.wants('chaos')) emitter.emit('chaos', { policy: name, ...event });
  };

  const layer: Layer = async (task, scope, attempt) => {
    const { enabled, latency, fault, outcome, rates } = settings;
    if (emitter.ask('enabled', enabled, false) !== true) return task(scope, attempt);
    if (scope.aborted) throw scope.reason;
    // Always the same draws, so that one call's luck does not shift the next one's.
    const slow = latency !== undefined && random() < rates.latency;
    const fails = fault !== undefined && random() < rates.fault;
    const answers = outcome !== undefined && random() < rates.outcome;
    const spread = latency === undefined || latency.from === latency.to ? 0 : random();
    if (slow) {
      const latencyMs = latency.from + spread * (latency.to - latency.from);
      tell({ kind: 'latency', latencyMs });
      if (!scope.aborted && latencyMs > 0) await pause(timers, latencyMs, scope);
      if (scope.aborted) throw scope.reason;
    }
    if (fails) {
      const error = fault === true ? new InjectedFaultError(name) : await fault(contextOf(scope, attempt));
      tell({ kind: 'fault', error });
      throw error;
    }
    if (answers) {
      tell({ kind: 'outcome' });
      return outcome(contextOf(scope, attempt));
    }
    return task(scope, attempt);
  };
  const prepare = changeable(options, CHANGES, chaosSettings, (changed) => {
    settings = changed;
  });
  return definePolicy({ emitter, clock, recorder: new Recorder(), layer, standsIn: true }, {}, prepare);
}

const drawOf = ({ seed, random }: ChaosOptions): (() => number) => {
  optionalFunction('random', random);
  if (seed === undefined) return random ?? Math.random;
  if (random !== undefined) throw new TypeError('give one of seed and random, got both');
  return seededRandom(seed);
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
