import { getEventListeners } from 'node:events';
import { expect, it } from '@jest/globals';
import { bulkhead as cockatielBulkhead } from 'cockatiel';
import {
  bulkhead,
  circuitBreaker,
  coalesce,
  compose,
  fallback,
  fallbackChain,
  hedge,
  pipeline,
  priorityBulkhead,
  rateLimit,
  retry,
  timeout,
} from '../src/index.ts';
import { settle, VirtualClock } from './virtual-clock.ts';

// A small generator of our own: the same calls in each run.
const seeded = (seed: number) => (): number => {
  seed = (seed * 1_664_525 + 1_013_904_223) % 2 ** 32;
  return seed / 2 ** 32;
};

const refuse = (): never => {
  throw new Error('no answer');
};

it('leaves no timer and no listener behind 100,000 mixed calls with random aborts', async () => {
  const time = new VirtualClock();
  const random = seeded(42);
  const whole = pipeline({
    ...time.time,
    totalTimeoutMs: 400,
    bulkhead: { maxConcurrent: 50, maxQueue: 50, queueTimeoutMs: 30 },
    retry: { initialDelayMs: 10, random, idempotent: true },
    circuitBreaker: {
      window: { type: 'time', sizeMs: 1_000, failureRate: 0.9 },
      openMs: 20,
      halfOpenMaxWaitMs: 50,
    },
    timeoutMs: 40,
  });
  const policies = [
    whole,
    retry({ ...time.time, initialDelayMs: 20, random }),
    timeout({ ...time.time, ms: 25 }),
    bulkhead({ ...time.time, maxConcurrent: 20, maxQueue: 20, queueTimeoutMs: 15 }),
    circuitBreaker({ clock: time.clock, openMs: 10 }),
    // Of the answers in a call's place some fail too.
    fallback(() => (random() < 0.5 ? 'answer' : Promise.reject(new Error('no answer')))),
    fallbackChain([() => Promise.reject(new Error('first')), () => (random() < 0.5 ? 'answer' : refuse())]),
    rateLimit({ ...time.time, limit: 30, perMs: 10, maxQueue: 30, queueTimeoutMs: 20 }),
    hedge({ ...time.time, delayMs: 10, maxHedges: 2, idempotent: true }),
    coalesce({ ...time.time, key: () => Math.floor(random() * 10) }),
    compose(
      priorityBulkhead({ ...time.time, maxConcurrent: 30, maxQueue: 20, priority: random }),
      timeout({ ...time.time, ms: 30 }),
    ),
    compose(
      timeout({ ...time.time, ms: 50 }),
      cockatielBulkhead(40, 40),
      retry({ ...time.time, initialDelayMs: 5, random }),
    ),
  ];
  const longLived = new AbortController();
  const mine: AbortController[] = [];
  let settled = 0;
  const task = ({ signal }: { signal: AbortSignal }): Promise<string> | string => {
    const dice = random();
    if (dice < 0.2) return 'at once';
    if (dice < 0.3) throw new Error('sync');
    return new Promise((resolve, reject) => {
      const handle = time.timers.setTimeout(
        () => (dice < 0.7 ? resolve('later') : reject(new Error('later'))),
        random() * 60,
      );
      // Half of the calls heed their signal, the others go on without anybody waiting.
      if (dice < 0.6)
        signal.addEventListener(
          'abort',
          () => {
            time.timers.clearTimeout(handle);
            reject(signal.reason);
          },
          { once: true },
        );
    });
  };
  const done = (): number => settled++;
  for (let call = 0; call < 100_000; call++) {
    const policy = policies[Math.floor(random() * policies.length)]!;
    const dice = random();
    let signal: AbortSignal | undefined;
    if (dice < 0.3) signal = longLived.signal;
    else if (dice < 0.6) {
      const controller = new AbortController();
      mine.push(controller);
      signal = controller.signal;
      time.timers.setTimeout(() => controller.abort(new Error('gone')), random() * 50);
    }
    policy.execute(task, signal).then(done, done);
    if (call % 100 === 0) await time.advance(10);
  }
  await time.advance(2_000);
  await settle();
  expect(settled).toBe(100_000);
  expect(time.pending).toBe(0);
  // The calls' own listeners on the caller's signal are theirs; ours are gone, so the rest is what `task` added.
  const ours = (signal: AbortSignal): number =>
    getEventListeners(signal, 'abort').filter((listener) => !String(listener).includes('clearTimeout'))
      .length;
  expect([longLived, ...mine].filter(({ signal }) => ours(signal) > 0)).toEqual([]);
  expect(whole.bulkhead?.snapshot()).toMatchObject({ running: 0, queued: 0 });
  for (const policy of policies) {
    const { calls, successes, failures, rejections, cancelled } = policy.stats();
    expect(successes + failures + rejections + cancelled).toBe(calls);
    expect(Math.min(successes, failures)).toBeGreaterThan(0);
  }
}, 180_000);

it('leaves no slot taken when a clock throws', async () => {
  for (let good = 0; good < 6; good++) {
    let reads = 0;
    const clock = (): number => {
      if (reads++ >= good) throw new Error('clock');
      return reads;
    };
    const window = { type: 'time', sizeMs: 10 } as const;
    const slots = bulkhead({ maxConcurrent: 1, clock });
    try {
      const whole = pipeline({ bulkhead: slots, circuitBreaker: circuitBreaker({ clock, window }), clock });
      await whole.execute(() => 1).catch(() => {});
    } catch {
      // A breaker with a window reads the clock when it is made.
    }
    await slots.execute(() => 1).catch(() => {});
    expect(slots.snapshot().running).toBe(0);
  }
});
