import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type CircuitBreaker, circuitBreaker } from '../src/index.ts';
import { deferred, settle, VirtualClock } from './virtual-clock.ts';

const THRESHOLD = 3;
const PROBES = 2;
const OPEN_MS = 100;
const MAX_WAIT_MS = 60;

interface Call {
  id: number;
  gate: PromiseWithResolvers<string>;
  abort: AbortController;
}

/** What the breaker should be doing, told in the plainest words; the results of an older epoch do not count. */
class Model {
  state: 'closed' | 'open' | 'half-open' | 'isolated' = 'closed';
  epoch = 0;
  failures = 0;
  openedAt = 0;
  succeeded = 0;
  probes = new Map<number, number>();
  admitted = new Map<number, number>();

  enter(state: Model['state']): void {
    this.state = state;
    this.epoch++;
    this.failures = 0;
    this.succeeded = 0;
    this.probes.clear();
  }

  open(at: number): void {
    this.enter('open');
    this.openedAt = at;
  }

  look(now: number): void {
    const overdue = Math.min(...[...this.probes.values()].map((at) => at + MAX_WAIT_MS));
    if (this.state === 'half-open' && overdue <= now) this.open(overdue);
    if (this.state === 'open' && now >= this.openedAt + OPEN_MS) this.enter('half-open');
  }

  admits(id: number, now: number): boolean {
    this.look(now);
    if (this.state === 'open' || this.state === 'isolated') return false;
    if (this.state === 'half-open') {
      if (this.probes.size + this.succeeded >= PROBES) return false;
      this.probes.set(id, now);
    }
    this.admitted.set(id, this.epoch);
    return true;
  }

  settle(id: number, how: 'success' | 'failure' | 'cancel', now: number): void {
    this.look(now);
    if (this.admitted.get(id) !== this.epoch) return;
    this.admitted.delete(id);
    this.probes.delete(id);
    if (how === 'cancel') return;
    if (this.state === 'half-open') {
      if (how === 'failure') this.open(now);
      else if (++this.succeeded === PROBES) this.enter('closed');
    } else if (how === 'success') this.failures = 0;
    else if (++this.failures === THRESHOLD) this.open(now);
  }
}

type Step =
  | { do: 'call' | 'isolate' | 'release' }
  | { do: 'pass'; ms: number }
  | { do: 'success' | 'failure' | 'cancel'; which: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Step>({ do: 'call' }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 120 }) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom('success' as const, 'failure' as const, 'failure' as const, 'cancel' as const),
      which: fc.nat(9),
    }),
  },
  { weight: 1, arbitrary: fc.constantFrom<Step>({ do: 'isolate' }, { do: 'release' }) },
);

const run = async (steps: readonly Step[]): Promise<void> => {
  const time = new VirtualClock();
  const breaker = circuitBreaker({
    failureThreshold: THRESHOLD,
    openMs: OPEN_MS,
    halfOpenProbes: PROBES,
    halfOpenMaxWaitMs: MAX_WAIT_MS,
    clock: time.clock,
  });
  const model = new Model();
  const running: Call[] = [];
  let held: ReturnType<CircuitBreaker['isolate']> | undefined;
  let id = 0;
  for (const each of steps) {
    if (each.do === 'call') {
      const call: Call = { id: ++id, gate: deferred<string>(), abort: new AbortController() };
      let called = false;
      const promise = breaker.execute(() => {
        called = true;
        return call.gate.promise;
      }, call.abort.signal);
      promise.catch(() => {});
      expect(called).toBe(model.admits(call.id, time.now));
      if (called) running.push(call);
    } else if (each.do === 'pass') {
      time.now += each.ms;
    } else if (each.do === 'isolate') {
      if (held === undefined) {
        held = breaker.isolate();
        model.look(time.now);
        model.enter('isolated');
      }
    } else if (each.do === 'release') {
      held?.dispose();
      if (held !== undefined) model.enter('closed');
      held = undefined;
    } else if ('which' in each && running.length > 0) {
      const [call] = running.splice(each.which % running.length, 1) as [Call];
      if (each.do === 'success') call.gate.resolve('ok');
      else if (each.do === 'failure') call.gate.reject(new Error('down'));
      else call.abort.abort('gone');
      await settle();
      model.settle(call.id, each.do, time.now);
    }
    model.look(time.now);
    expect(breaker.state).toBe(model.state);
  }
};

it('does what a plain model of the state machine does, whatever happens in whatever order', async () => {
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 60 }), run), { numRuns: 300 });
}, 30_000);
