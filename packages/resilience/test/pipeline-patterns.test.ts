import { getEventListeners } from 'node:events';
import { expect, it } from '@jest/globals';
import * as cockatiel from 'cockatiel';
import {
  adaptiveConcurrency,
  chaos,
  coalesce,
  compose,
  deadline,
  fallbackChain,
  hedge,
  type PipelineOptions,
  type Policy,
  pipeline,
  priorityBulkhead,
  rateLimit,
  remainingMs,
  retry,
  timeout,
} from '../src/index.ts';
import { outcomeOf, settle, VirtualClock } from './virtual-clock.ts';

it('meets the parts in the documented order, the first outermost', async () => {
  const order: string[] = [];
  const spy = (name: string) => ({
    async execute<T>(
      fn: (context: { signal: AbortSignal; attempt: number }) => PromiseLike<T> | T,
    ): Promise<T> {
      order.push(name);
      return fn({ signal: new AbortController().signal, attempt: 1 });
    },
  });
  const names = [
    ...['deadlineMs', 'totalTimeoutMs', 'coalesce', 'rateLimit', 'bulkhead', 'adaptiveConcurrency'],
    ...['retry', 'hedge', 'circuitBreaker', 'timeoutMs', 'chaos'],
  ];
  const options = Object.fromEntries([...names].reverse().map((name) => [name, spy(name)]));
  await pipeline(options as PipelineOptions).execute(() => order.push('call'));
  expect(order).toEqual([...names, 'call']);
});

it('builds the parts from their options, on its own clock and name, and hears their events', async () => {
  const time = new VirtualClock();
  const policy = pipeline({
    name: 'shop',
    ...time.time,
    deadlineMs: 1_000,
    coalesce: { key: () => 'stock' },
    rateLimit: { limit: 1, perMs: 100 },
    adaptiveConcurrency: { initial: 5 },
    hedge: { idempotent: true, delayMs: 10 },
    chaos: { rate: 1, latencyMs: 20 },
  });
  const heard: unknown[] = [];
  for (const event of ['coalesce', 'hedge', 'chaos', 'reject', 'deadline'] as const)
    policy.on(event, (payload) => heard.push([event, payload.policy]));
  let calls = 0;
  const task = (): [number, number] => [++calls, remainingMs()];
  const outcomes = [1, 2].map(() => outcomeOf(policy.execute(task)));
  await time.advance(20);
  // The shared call runs under no caller's deadline.
  for (const { value } of outcomes) expect(value).toEqual([1, Number.POSITIVE_INFINITY]);
  const limited = outcomeOf(policy.execute(task));
  await settle();
  expect(limited.error).toMatchObject({ code: 'RATE_LIMITED', policy: 'shop' });
  expect(heard).toEqual([
    ['chaos', 'shop'],
    ['coalesce', 'shop'],
    ['hedge', 'shop'],
    ['chaos', 'shop'],
    ['reject', 'shop'],
  ]);
  expect(policy.stats()).toMatchObject({ calls: 3, successes: 2, rejections: 1, retries: 1 });
  await time.advance(1_000);
  expect(time.pending).toBe(0);
});

it('a wrapped pipeline hands its arguments to the key', async () => {
  const policy = pipeline({
    coalesce: { key: (id: number) => id },
    totalTimeoutMs: 1_000,
    retry: { maxAttempts: 2, initialDelayMs: 0 },
  });
  const calls: number[] = [];
  const read = policy(async (id: number) => {
    calls.push(id);
    await settle();
    return `row ${id}`;
  });
  expect(await Promise.all([read(1), read(2), read(1)])).toEqual(['row 1', 'row 2', 'row 1']);
  expect(calls).toEqual([1, 2]);
});

const all = (time: VirtualClock) => [
  deadline({ ms: 1_000, ...time.time }),
  coalesce({ key: () => undefined, ...time.time }),
  coalesce({ key: () => Symbol('its own'), ...time.time }),
  rateLimit({ limit: 1_000, perMs: 1, ...time.time }),
  adaptiveConcurrency({ ...time.time }),
  priorityBulkhead({ maxConcurrent: 5, priority: () => 0, ...time.time }),
  hedge({ idempotent: true, delayMs: 500, ...time.time }),
  fallbackChain([() => 1], { handle: () => false }),
  chaos({ fault: true, rate: 0, ...time.time }),
];

it('each is an IPolicy of cockatiel with its two events, and mixes with cockatiel’s own', async () => {
  const time = new VirtualClock();
  for (const policy of all(time) as cockatiel.IPolicy<{ signal: AbortSignal; attempt: number }, unknown>[]) {
    const seen: unknown[] = [];
    policy.onSuccess(({ duration }) => seen.push(duration));
    policy.onFailure(({ reason }) => seen.push(reason));
    const error = new Error('no');
    await policy.execute(() => 'yes');
    await policy.execute(() => Promise.reject(error)).catch(() => {});
    expect(seen).toEqual([expect.any(Number), { error }]);
    const theirs = cockatiel.retry(cockatiel.handleAll, { maxAttempts: 1 });
    let calls = 0;
    const wrapped = cockatiel.wrap(theirs, policy);
    expect(await wrapped.execute(() => (++calls < 2 ? Promise.reject(error) : calls))).toBe(2);
    expect(await compose(policy as never, theirs).execute(() => 'both')).toBe('both');
  }
});

it('each wraps functions and methods, keeping this, name and length', async () => {
  for (const policy of all(new VirtualClock())) {
    const wrapped = (policy as Policy)(async function sum(this: { base: number }, a: number, b: number) {
      return this.base + a + b;
    });
    expect([await wrapped.call({ base: 1 }, 2, 3), wrapped.name, wrapped.length]).toEqual([6, 'sum', 2]);
  }
});

it('each rejects an aborted caller with the reason, before, in the middle, and in the call itself', async () => {
  const time = new VirtualClock();
  for (const policy of all(time)) {
    await expect(policy.execute(() => 1, AbortSignal.abort('early'))).rejects.toBe('early');
    const controller = new AbortController();
    const heeding = ({ signal }: { signal: AbortSignal }) =>
      new Promise((_, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
      );
    const outcome = outcomeOf(policy.execute(heeding, controller.signal));
    await settle();
    controller.abort('gone');
    await settle();
    expect(outcome).toEqual({ status: 'rejected', error: 'gone' });
    const own = new AbortController();
    const call = policy.execute(() => {
      own.abort('within');
      return Promise.reject(new Error('late'));
    }, own.signal);
    await expect(call).rejects.toBe('within');
    await settle();
    for (const { signal } of [controller, own]) expect(getEventListeners(signal, 'abort')).toEqual([]);
    expect(time.pending).toBe(0);
    expect(policy.stats()).toMatchObject({ calls: 3, cancelled: 3, failures: 0 });
  }
});

it('each passes a falsy throw and a throw before anything is awaited', async () => {
  for (const policy of all(new VirtualClock())) {
    await expect(policy.execute(() => Promise.reject(undefined))).rejects.toBeUndefined();
    await expect(
      policy.execute(() => {
        throw 0;
      }),
    ).rejects.toBe(0);
    expect(policy.stats()).toMatchObject({ failures: 2 });
  }
});

it('leaves nothing behind 20,000 mixed calls with random aborts', async () => {
  const time = new VirtualClock();
  let seed = 7;
  const random = (): number => {
    seed = (seed * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return seed / 2 ** 32;
  };
  const parts = {
    ...time.time,
    coalesce: { key: () => Math.floor(random() * 20) },
    rateLimit: { limit: 40, perMs: 20, maxQueue: 40, queueTimeoutMs: 30 },
    adaptiveConcurrency: { initial: 10, maxQueue: 20, queueTimeoutMs: 20, latencyThresholdMs: 50 },
    hedge: { idempotent: true as const, percentile: 0.9, delayMs: 15, budget: 0.2 },
    chaos: { rate: { latency: 0.2, fault: 0.1 }, latencyMs: [1, 60] as const, fault: true as const, seed: 3 },
  };
  const policies = [
    pipeline({ ...parts, deadlineMs: 120, retry: { initialDelayMs: 5, random, idempotent: true } }),
    pipeline({ ...parts, coalesce: undefined, timeoutMs: 30, fallback: () => 'answer' }),
    compose(deadline({ ms: 40, ...time.time }), retry({ ...time.time, initialDelayMs: 10, random })),
    compose(
      priorityBulkhead({ ...time.time, maxConcurrent: 5, maxQueue: 5, priority: random }),
      timeout(1e9),
    ),
    ...all(time),
  ];
  let settled = 0;
  const done = (): number => settled++;
  const controllers: AbortController[] = [];
  for (let call = 0; call < 20_000; call++) {
    const dice = random();
    const controller = new AbortController();
    controllers.push(controller);
    if (dice < 0.4) time.timers.setTimeout(() => controller.abort('gone'), random() * 40);
    policies[call % policies.length]!.execute(
      () =>
        new Promise((resolve, reject) => {
          if (random() < 0.2) resolve('at once');
          time.timers.setTimeout(
            () => (random() < 0.7 ? resolve('later') : reject(random() < 0.5 ? undefined : new Error('x'))),
            random() * 60,
          );
        }),
      controller.signal,
    ).then(done, done);
    if (call % 40 === 0) await time.advance(10);
  }
  await time.advance(20_000);
  expect([settled, time.pending]).toEqual([20_000, 0]);
  expect(controllers.filter(({ signal }) => getEventListeners(signal, 'abort').length > 0)).toEqual([]);
  for (const policy of policies) {
    const { calls, successes, failures, rejections, cancelled } = policy.stats();
    expect(successes + failures + rejections + cancelled).toBe(calls);
  }
}, 60_000);
