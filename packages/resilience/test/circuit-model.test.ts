import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  type CircuitBreaker,
  type CircuitBreakerOptions,
  type CircuitMode,
  circuitBreaker,
} from '../src/index.ts';
import { DRAW, MAX_WAIT_MS, Model, OPEN_MS, RAMP_MS, type Rules } from './circuit-double.ts';
import { deferred, settle, VirtualClock } from './virtual-clock.ts';

interface Call {
  id: number;
  gate: PromiseWithResolvers<string>;
  abort: AbortController;
}

interface End {
  do: 'success' | 'failure' | 'cancel';
  which: number;
  askedMs: number;
}

type Step =
  | { do: 'call' | 'isolate' | 'release' }
  | { do: 'pass' | 'snapshot'; ms: number }
  | End
  | { do: 'mode'; mode: CircuitMode }
  | { do: 'restore'; state: 'closed' | 'open' | 'half-open'; leftMs: number }
  | { do: 'configure'; change: Partial<Pick<Rules, 'threshold' | 'retryAfter' | 'ramp' | 'probes'>> };

const retryAfter = fc.constantFrom('extend' as const, 'open' as const, 'ignore' as const);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: fc.constant<Step>({ do: 'call' }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 120 }) }),
  },
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constantFrom('success' as const, 'failure' as const, 'failure' as const, 'cancel' as const),
      which: fc.nat(9),
      askedMs: fc.constantFrom(0, 0, 0, 40, 250),
    }),
  },
  { weight: 2, arbitrary: fc.constantFrom<Step>({ do: 'isolate' }, { do: 'release' }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('mode' as const),
      mode: fc.constantFrom(
        'enabled' as const,
        'enabled' as const,
        'metrics-only' as const,
        'disabled' as const,
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('restore' as const),
      state: fc.constantFrom('closed' as const, 'open' as const, 'half-open' as const),
      leftMs: fc.integer({ min: 1, max: 200 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('snapshot' as const), ms: fc.nat(80) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('configure' as const),
      change: fc.oneof(
        fc.record({ retryAfter }),
        fc.record({ ramp: fc.boolean() }),
        fc.record({ threshold: fc.integer({ min: 1, max: 4 }) }),
      ),
    }),
  },
);

const rulesOf: fc.Arbitrary<Rules> = fc
  .record({
    threshold: fc.integer({ min: 1, max: 4 }),
    window: fc.boolean(),
    probes: fc.integer({ min: 1, max: 3 }),
    share: fc.constantFrom(0.5, 1),
    ramp: fc.boolean(),
    retryAfter,
  })
  .map(({ share, ...rules }) => ({ ...rules, needed: Math.ceil(share * rules.probes) }));

const optionsOf = (rules: Rules): CircuitBreakerOptions => ({
  ...(rules.window
    ? { window: { type: 'count', size: 4, failureRate: 0.5, minimumCalls: 2 } as const }
    : { failureThreshold: rules.threshold }),
  halfOpenProbes: rules.probes,
  halfOpenSuccessRate: rules.needed / rules.probes,
  rampUpMs: rules.ramp ? RAMP_MS : 0,
  retryAfter: rules.retryAfter,
});

const changesOf = ({ change }: Step & { do: 'configure' }): Parameters<CircuitBreaker['configure']>[0] => ({
  ...(change.threshold === undefined ? {} : { failureThreshold: change.threshold }),
  ...(change.ramp === undefined ? {} : { rampUpMs: change.ramp ? RAMP_MS : 0 }),
  ...(change.retryAfter === undefined ? {} : { retryAfter: change.retryAfter }),
});

const play = async (rules: Rules, steps: readonly Step[]): Promise<void> => {
  const time = new VirtualClock();
  const breaker = circuitBreaker({
    ...{ openMs: OPEN_MS, halfOpenMaxWaitMs: MAX_WAIT_MS, random: () => DRAW, clock: time.clock },
    ...optionsOf(rules),
  });
  const model = new Model(rules);
  const running: Call[] = [];
  let held: ReturnType<CircuitBreaker['isolate']> | undefined;
  let id = 0;
  const call = (): void => {
    const made: Call = { id: ++id, gate: deferred<string>(), abort: new AbortController() };
    let called = false;
    const promise = breaker.execute(() => {
      called = true;
      return made.gate.promise;
    }, made.abort.signal);
    promise.catch(() => {});
    expect(called).toBe(model.admits(made.id, time.now));
    if (called) running.push(made);
  };
  const end = async (each: End): Promise<void> => {
    if (running.length === 0) return;
    const [ended] = running.splice(each.which % running.length, 1) as [Call];
    const error = Object.assign(new Error('down'), each.askedMs > 0 ? { retryAfterMs: each.askedMs } : {});
    if (each.do === 'success') ended.gate.resolve('ok');
    else if (each.do === 'failure') ended.gate.reject(error);
    else ended.abort.abort('gone');
    await settle();
    model.settle(ended.id, each.do, time.now, each.askedMs);
  };
  for (const each of steps) {
    switch (each.do) {
      case 'call':
        call();
        break;
      case 'pass':
        time.now += each.ms;
        break;
      case 'isolate':
        if (held === undefined) {
          held = breaker.isolate();
          model.look(time.now);
          model.enter('isolated');
        }
        break;
      case 'release':
        held?.dispose();
        if (held !== undefined) model.enter('closed');
        held = undefined;
        break;
      case 'mode':
        breaker.mode = each.mode;
        model.switch(each.mode, time.now);
        break;
      case 'restore': {
        const saved = { name: 'x', openings: 1, retryAfterMs: each.leftMs, state: each.state };
        breaker.restore(saved as never);
        model.restore(each.state, each.leftMs, time.now);
        break;
      }
      case 'snapshot': {
        // Through JSON and back, some time later, as after a restart.
        const saved = JSON.parse(JSON.stringify(breaker.snapshot()));
        if (saved.state === 'isolated') break;
        model.look(time.now);
        const leftMs = Math.max(0, model.opensUntil - time.now - each.ms);
        breaker.restore(saved, each.ms);
        model.restore(saved.state, leftMs, time.now);
        break;
      }
      case 'configure': {
        // A call that runs counts where it was admitted, which this model does not follow.
        if (each.change.threshold !== undefined && (model.rules.window || running.length > 0)) break;
        breaker.configure(changesOf(each));
        model.look(time.now);
        model.rules = { ...model.rules, ...each.change };
        if (each.change.ramp === false) model.rampFrom = undefined;
        if (each.change.threshold !== undefined) model.forget();
        break;
      }
      default:
        await end(each);
    }
    model.look(time.now);
    expect([breaker.state, breaker.mode]).toEqual([model.state, model.mode]);
  }
};

it('does what a plain model of the state machine does, whatever happens in whatever order', async () => {
  await fc.assert(fc.asyncProperty(rulesOf, fc.array(step, { maxLength: 60, size: 'max' }), play), {
    numRuns: 400,
  });
}, 60_000);
