import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { expect, it } from '@jest/globals';
import { circuitBreaker, retry } from '../src/index.ts';
import { settle, VirtualClock } from './virtual-clock.ts';

const listenTo = (event: string) => {
  const seen: unknown[] = [];
  const listener = (payload: unknown): number => seen.push(payload);
  subscribe(`agent4:resilience:${event}`, listener);
  return { seen, stop: () => unsubscribe(`agent4:resilience:${event}`, listener) };
};

it('publishes the same payload to its listeners and to the diagnostics channel', async () => {
  const channel = listenTo('retry');
  const policy = retry({ name: 'mail', initialDelayMs: 0, maxAttempts: 2 });
  const own: unknown[] = [];
  const stop = policy.on('retry', (event) => own.push(event));
  const error = new Error('down');
  await policy.execute(() => Promise.reject(error)).catch(() => {});
  stop();
  await policy.execute(() => Promise.reject(error)).catch(() => {});
  channel.stop();
  expect(own).toEqual([{ policy: 'mail', attempt: 1, delayMs: 0, error }]);
  expect(channel.seen[0]).toBe(own[0]);
  expect(channel.seen).toHaveLength(2);
});

it('publishes each transition of a circuit on agent4:resilience:state', async () => {
  const time = new VirtualClock();
  const states = listenTo('state');
  const rejects = listenTo('reject');
  const breaker = circuitBreaker({ name: 'db', failureThreshold: 1, openMs: 500, clock: time.clock });
  const words: string[] = [];
  for (const event of ['open', 'half-open', 'close', 'isolate'] as const)
    breaker.on(event, () => words.push(event));
  const error = new Error('down');
  await breaker.execute(() => Promise.reject(error)).catch(() => {});
  time.now = 100;
  await breaker.execute(() => 1).catch(() => {});
  time.now = 500;
  await breaker.execute(() => 1);
  breaker.isolate();
  states.stop();
  rejects.stop();
  expect(states.seen).toEqual([
    { policy: 'db', from: 'closed', to: 'open', retryAfterMs: 500, error },
    { policy: 'db', from: 'open', to: 'half-open' },
    { policy: 'db', from: 'half-open', to: 'closed' },
    { policy: 'db', from: 'closed', to: 'isolated' },
  ]);
  expect(rejects.seen).toEqual([{ policy: 'db', reason: 'open', retryAfterMs: 400 }]);
  expect(words).toEqual(['open', 'half-open', 'close', 'isolate']);
});

it('keeps a listener that throws or rejects away from the call, and reports it', async () => {
  const errors = listenTo('error');
  const breaker = circuitBreaker({ name: 'db', failureThreshold: 1 });
  const thrown = new Error('alert sink down');
  breaker.on('success', () => {
    throw thrown;
  });
  breaker.on('open', () => Promise.reject(thrown));
  const heard: string[] = [];
  breaker.on('open', () => heard.push('second listener'));
  await expect(breaker.execute(() => 'fine')).resolves.toBe('fine');
  const down = new Error('down');
  await expect(breaker.execute(() => Promise.reject(down))).rejects.toBe(down);
  await settle();
  errors.stop();
  expect(heard).toEqual(['second listener']);
  expect(breaker.stats()).toMatchObject({ calls: 2, successes: 1, failures: 1 });
  expect(errors.seen).toEqual([
    { policy: 'db', source: 'success', error: thrown },
    { policy: 'db', source: 'open', error: thrown },
  ]);
});

it('tells how long successes and failures took, and nothing of cancelled calls', async () => {
  const time = new VirtualClock();
  const policy = retry({ maxAttempts: 1, ...time.time });
  const seen: unknown[] = [];
  policy.on('success', (event) => seen.push(event));
  policy.on('failure', (event) => seen.push(event));
  await policy.execute(() => {
    time.now += 20;
  });
  await policy.execute(() => Promise.reject('no')).catch(() => {});
  await policy.execute(() => 1, AbortSignal.abort('gone')).catch(() => {});
  expect(seen).toEqual([
    { policy: 'retry', durationMs: 20 },
    { policy: 'retry', durationMs: 0, error: 'no' },
  ]);
  expect(policy.stats()).toMatchObject({ calls: 3, successes: 1, failures: 1, cancelled: 1 });
});

it('measures latency of successes and failures in percentiles', async () => {
  const time = new VirtualClock();
  const policy = retry({ maxAttempts: 1, ...time.time });
  expect(policy.stats().latencyMs).toBeUndefined();
  for (let ms = 1; ms <= 100; ms++) {
    await policy.execute(() => {
      time.now += ms;
    });
  }
  const { count, p50, p95, p99 } = policy.stats().latencyMs!;
  expect(count).toBe(100);
  // Two figures: within one in a hundred.
  for (const [measured, exact] of [
    [p50, 50],
    [p95, 95],
    [p99, 99],
  ] as const)
    expect(Math.abs(measured - exact) / exact).toBeLessThan(0.01);
});

it('refuses an event that the policy does not have', () => {
  expect(() => retry().on('open' as never, () => {})).toThrow(
    '"retry" has no event "open"; it has success, failure, retry',
  );
});
