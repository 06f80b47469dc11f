import { expect, it } from '@jest/globals';
import {
  bulkhead,
  circuitBreaker,
  compose,
  deadline,
  type Policy,
  pipeline,
  retry,
  timeout,
} from '../src/index.ts';
import { deferred, outcomeOf, settle } from './virtual-clock.ts';

// What can happen to a call while it has no run yet: a limit that strikes, a clock that throws, a listener that looks at the counts.
const never = (): Promise<never> => new Promise(() => {});
const refuse = (): never => {
  throw new Error('refused');
};

/** Timers that fire when told to, also while a policy is being entered. */
const handTimers = () => {
  const set = new Set<() => void>();
  return {
    set,
    fireAll: () => {
      for (const fire of [...set]) {
        set.delete(fire);
        fire();
      }
    },
    timers: {
      setTimeout: (callback: () => void) => {
        set.add(callback);
        return callback;
      },
      clearTimeout: (handle: unknown) => set.delete(handle as () => void),
    },
  };
};

/** Each way that a call may take: without a run, with one from the start, with one that heeds a signal. */
const ways = [
  { around: [], signal: undefined },
  { around: [deadline({ ms: 60_000 })], signal: undefined },
  { around: [], signal: new AbortController().signal },
] as const;

it('does not make a call whose timer fires at once', async () => {
  const timers = { setTimeout: (callback: () => void) => callback(), clearTimeout: () => {} };
  for (const { around, signal } of ways) {
    const policy = compose(...around, timeout({ ms: 5, timers }), retry());
    let calls = 0;
    const outcome = outcomeOf(policy.execute(() => calls++, signal));
    await settle();
    expect(outcome.error).toMatchObject({ code: 'TIMEOUT', safety: 'not-sent' });
    expect(policy.stats()).toMatchObject({ calls: 1, rejections: 1, timeouts: 1 });
    expect(calls).toBe(0);
  }
});

it('cuts a call off whose limit strikes while the policies inside of it are entered', async () => {
  for (const { around, signal } of ways) {
    const { timers, set, fireAll } = handTimers();
    const outer = timeout({ ms: 5, timers });
    // Its timers are where the time of the outer one passes.
    const inner = timeout({
      ms: 5,
      timers: {
        ...timers,
        setTimeout: (callback) => {
          fireAll();
          return timers.setTimeout(callback);
        },
      },
    });
    const slots = bulkhead({ maxConcurrent: 1 });
    const policy = compose(...around, outer, inner, slots, timeout({ ms: Number.POSITIVE_INFINITY }));
    const outcome = outcomeOf(policy.execute(never, signal));
    await settle();
    expect(outcome.error).toMatchObject({ code: 'TIMEOUT' });
    expect(slots.snapshot().running).toBe(0);
    expect(set.size).toBe(0);
    for (const each of [policy, outer, inner])
      expect(each.stats()).toMatchObject({ calls: 1, rejections: 1 });
  }
});

it('cuts a call off whose limit strikes while its function is called, and holds its slot until it has settled', async () => {
  for (const { around, signal } of ways) {
    const { timers, fireAll } = handTimers();
    const slots = bulkhead({ maxConcurrent: 1 });
    const policy = compose(...around, timeout({ ms: 5, timers }), slots);
    const call = deferred<number>();
    let aborted: boolean | undefined;
    const outcome = outcomeOf(
      policy.execute((context) => {
        fireAll();
        setImmediate(() => {
          aborted = context.signal.aborted;
        });
        return call.promise;
      }, signal),
    );
    await settle();
    await settle();
    expect(outcome.error).toMatchObject({ code: 'TIMEOUT' });
    expect(aborted).toBe(true);
    expect(slots.snapshot().running).toBe(1);
    call.resolve(1);
    await settle();
    expect(slots.snapshot().running).toBe(0);
    expect(policy.stats()).toMatchObject({ calls: 1, failures: 1 });
  }
});

it('does not wait in a queue for a call whose limit struck before', async () => {
  for (const { around, signal } of ways) {
    const { timers, fireAll } = handTimers();
    let now = 0;
    const breaker = circuitBreaker({ failureThreshold: 1, openMs: 10, clock: () => now });
    const slots = bulkhead({ maxConcurrent: 1, maxQueue: 5, timers });
    const policy = compose(...around, timeout({ ms: 5, timers }), breaker, slots);
    await expect(policy.execute(refuse)).rejects.toThrow('refused');
    now = 20;
    breaker.on('half-open', fireAll);
    const held = deferred<void>();
    const holder = slots.execute(() => held.promise);
    const outcome = outcomeOf(policy.execute(never, signal));
    await settle();
    expect(outcome.error).toMatchObject({ code: 'TIMEOUT' });
    expect(slots.snapshot()).toMatchObject({ running: 1, queued: 0 });
    held.resolve();
    await holder;
    expect(slots.snapshot()).toMatchObject({ running: 0, queued: 0 });
  }
});

it('rejects and counts where the clock of the deadline in force throws', async () => {
  let broken = false;
  const clock = (): number => {
    if (broken) throw new Error('clock');
    return 0;
  };
  const policies: Policy[] = [
    retry(),
    bulkhead({ maxConcurrent: 1 }),
    timeout({ ms: 5 }),
    pipeline({ retry: {}, timeoutMs: 5 }),
  ];
  await deadline({ ms: 1_000, clock }).execute(async () => {
    for (const policy of policies) {
      broken = true;
      const outcome = outcomeOf(policy.execute(() => 1));
      broken = false;
      await settle();
      expect(outcome.error).toMatchObject({ message: 'clock' });
      expect(policy.stats()).toMatchObject({ calls: 1, failures: 1 });
    }
    // They do not look at it.
    broken = true;
    const answer = circuitBreaker().execute(() => 1);
    broken = false;
    expect(await answer).toBe(1);
  });
});

it('asks once for each call whether it is measured, also where the call takes a run at once', async () => {
  const plain = retry();
  const limited = retry({ maxElapsedMs: 60_000 });
  for (let call = 0; call < 2_048; call++) {
    await plain.execute(() => 1);
    await limited.execute(() => 1);
  }
  expect(plain.stats().latencyMs?.count).toBe(1_024 + 1_024 / 64);
  expect(limited.stats().latencyMs?.count).toBe(1_024 + 1_024 / 64);
});

it('counts a call before its policy tells of it, with a signal or without', async () => {
  for (const signal of [undefined, new AbortController().signal]) {
    let now = 0;
    const breaker = circuitBreaker({ failureThreshold: 1, openMs: 10, clock: () => now });
    const slots = bulkhead({ maxConcurrent: 1 });
    const counts: [string, number, number][] = [];
    for (const event of ['reject', 'half-open'] as const)
      breaker.on(event, () => {
        const { calls, rejections } = breaker.stats();
        counts.push([event, calls, rejections]);
      });
    slots.on('reject', () => {
      const { calls, rejections } = slots.stats();
      counts.push(['full', calls, rejections]);
    });
    const policy = compose(breaker, slots);
    await expect(policy.execute(refuse, signal)).rejects.toThrow('refused');
    await expect(policy.execute(refuse, signal)).rejects.toMatchObject({ code: 'CIRCUIT_OPEN' });
    now = 20;
    await policy.execute(() => 1, signal);
    await slots.execute(async () => {
      await expect(policy.execute(() => 1, signal)).rejects.toMatchObject({ code: 'BULKHEAD_FULL' });
      await expect(slots.execute(() => 1, signal)).rejects.toMatchObject({ code: 'BULKHEAD_FULL' });
    });
    expect(counts).toEqual([
      ['reject', 2, 0],
      ['half-open', 3, 1],
      ['full', 4, 0],
      ['full', 5, 1],
    ]);
  }
});

it('takes a call for one that took no time when its clock throws as it begins, or tells no time', async () => {
  for (const broken of [refuse, () => Number.NaN]) {
    let readings = 0;
    const clock = (): number => (readings++ % 2 === 0 ? broken() : 5_000_000);
    const policies: Policy[] = [
      retry({ clock, maxAttempts: 1 }),
      bulkhead({ clock, maxConcurrent: 1 }),
      circuitBreaker({ clock }),
    ];
    for (const policy of policies) {
      readings = 0;
      const told: unknown[] = [];
      const stop = policy.on('success', ({ durationMs }) => told.push(durationMs));
      expect(await policy.execute(() => 1)).toBe(1);
      stop();
      expect(told).toEqual([0]);
      expect(policy.stats()).toMatchObject({ calls: 1, successes: 1, latencyMs: { count: 1 } });
      expect(policy.stats().latencyMs?.p99).toBeLessThan(1);
    }
  }
});

it('tells of a call that failed as it entered, and measures it, alone as among others', async () => {
  const timers = { setTimeout: refuse, clearTimeout: () => {} };
  for (const { around, signal } of ways) {
    const slots = bulkhead({ maxConcurrent: 1, maxQueue: 5, queueTimeoutMs: 10, timers });
    const policy = around.length > 0 ? compose(...around, slots) : slots;
    const told: unknown[] = [];
    slots.on('failure', ({ error }) => told.push((error as Error).message));
    const held = deferred<void>();
    const holder = slots.execute(() => held.promise);
    await expect(policy.execute(() => 1, signal)).rejects.toThrow('refused');
    expect(told).toEqual(['refused']);
    expect(slots.stats().failures).toBe(1);
    expect(slots.snapshot()).toMatchObject({ running: 1, queued: 0 });
    // No slot goes to the one that is not there any more.
    held.resolve();
    await holder;
    expect(slots.snapshot()).toMatchObject({ running: 0, queued: 0 });
    expect(slots.stats().latencyMs?.count).toBe(around.length === 0 ? 2 : 1);
  }
});
