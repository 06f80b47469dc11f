import { expect, it } from '@jest/globals';
import { noop } from 'cockatiel';
import { bulkhead, circuitBreaker, compose, pipeline, retry, timeout } from '../src/index.ts';
import { outcomeOf, VirtualClock } from './virtual-clock.ts';

const setUp = () => {
  const time = new VirtualClock();
  const again = retry({ backoff: [10], maxAttempts: 3, idempotent: true, ...time.time });
  const limit = timeout({ ms: 30, ...time.time });
  const slots = bulkhead({ maxConcurrent: 1, ...time.time });
  return { time, again, limit, slots };
};
const never = (): Promise<never> => new Promise(() => {});

it('tells the counts that only its parts have, each part once, as a pipeline of the same parts does', async () => {
  const { time, again, limit, slots } = setUp();
  const policy = compose(slots, again, limit, noop, limit);
  const same = pipeline({ bulkhead: slots, retry: again, timeoutMs: limit });
  outcomeOf(compose(slots, again, limit).execute(never));
  await time.advance(1_000);
  expect(policy.stats()).toMatchObject({ calls: 0, retries: 2, timeouts: 3 });
  expect(same.stats()).toEqual(policy.stats());
});

it('passes on the events of its parts, of those deeper inside too, until the listener is taken off', async () => {
  const { time, again, limit, slots } = setUp();
  const breaker = circuitBreaker({ failureThreshold: 5, clock: time.clock });
  const policy = compose(slots, compose(again, breaker), limit);
  const told: string[] = [];
  const stops = [
    policy.on('retry', ({ policy, attempt }) => told.push(`${policy} ${attempt}`)),
    policy.on('timeout', ({ policy }) => told.push(policy)),
    policy.on('reject', ({ policy }) => told.push(`${policy} refuses`)),
    policy.on('failure', ({ policy }) => told.push(`${policy} fails`)),
  ];
  outcomeOf(policy.execute(never));
  outcomeOf(policy.execute(never));
  await time.advance(1_000);
  expect(told).toEqual([
    'bulkhead refuses',
    ...['timeout', 'retry 1', 'timeout', 'retry 2', 'timeout', 'compose fails'],
  ]);
  for (const stop of stops) stop();
  outcomeOf(policy.execute(never));
  await time.advance(1_000);
  expect(told).toHaveLength(7);
});

it('has no event that no policy has', () => {
  expect(() => compose().on('closed' as never, () => {})).toThrow('"compose" has no event "closed"');
});
