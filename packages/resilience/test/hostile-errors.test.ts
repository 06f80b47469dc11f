import { expect, it } from '@jest/globals';
import {
  adaptiveConcurrency,
  circuitBreaker,
  compose,
  fallback,
  fallbackChain,
  hedge,
  pipeline,
  priorityBulkhead,
  retry,
  timeout,
} from '../src/index.ts';
import { outcomeOf, settle, VirtualClock } from './virtual-clock.ts';

const throwing = (field: string): object =>
  Object.defineProperty(new Error('mine'), field, {
    get: () => {
      throw new Error('not the error of the call');
    },
  });

const revoked = (): object => {
  const { proxy, revoke } = Proxy.revocable(new Error('mine'), {});
  revoke();
  return proxy;
};

const hostile: [string, () => object][] = [
  ...['name', 'code', 'cause', 'retryable'].map((field): [string, () => object] => [
    `an error whose ${field} throws`,
    () => throwing(field),
  ]),
  ['a revoked proxy', revoked],
];

// Not the error itself: a promise looks into what it is given, and so do the matchers.
const rejection = async (made: Promise<unknown>): Promise<{ error?: unknown }> => {
  const outcome = outcomeOf(made);
  await settle();
  if (outcome.status !== 'rejected') throw new Error(`the call is ${outcome.status}`);
  return outcome;
};

it.each(hostile)('%s passes every policy by identity', async (_name, make) => {
  const { time } = new VirtualClock();
  const policies = [
    retry({ initialDelayMs: 0 }),
    circuitBreaker(),
    timeout(50),
    priorityBulkhead({ maxConcurrent: 1, priority: () => 1 }),
    adaptiveConcurrency(),
    hedge({ idempotent: true, delayMs: 50, ...time }),
    compose(
      retry({ initialDelayMs: 0 }),
      circuitBreaker({ failureThreshold: 9 }),
      timeout({ ms: 50, ...time }),
    ),
  ];
  for (const policy of policies) {
    const error = make();
    const { error: given } = await rejection(policy.execute(() => Promise.reject(error)));
    expect([policy.name, given === error]).toEqual([policy.name, true]);
    expect(policy.stats()).toMatchObject({ calls: 1, failures: 1 });
  }
});

it.each(hostile)('%s is answered by a fallback', async (_name, make) => {
  const fail = () => Promise.reject(make());
  expect(await fallback('stale').execute(fail)).toBe('stale');
  expect(await fallbackChain(['stale']).execute(fail)).toBe('stale');
  expect(await pipeline({ fallback: () => 'stale', circuitBreaker: {} }).execute(fail)).toBe('stale');
});

it.each(hostile)('%s that a fallback throws reaches the caller', async (_name, make) => {
  const error = make();
  const answer = fallback(() => {
    throw error;
  });
  const { error: first } = await rejection(answer.execute(() => Promise.reject(new Error('first'))));
  expect(first === error).toBe(true);
  const chain = fallbackChain([() => Promise.reject(new Error('no answer either'))]);
  const call = make();
  const { error: last } = await rejection(chain.execute(() => Promise.reject(call)));
  expect(last === call).toBe(true);
});

it.each(hostile)('%s counts for a circuit, and gives back a probe’s place', async (_name, make) => {
  const time = new VirtualClock();
  const { clock } = time.time;
  const breaker = circuitBreaker({
    failureThreshold: 1,
    openMs: 100,
    halfOpenMaxWaitMs: Number.POSITIVE_INFINITY,
    clock,
  });
  const fail = () => Promise.reject(make());
  await rejection(breaker.execute(fail));
  expect(breaker.state).toBe('open');
  await time.advance(100);
  await rejection(breaker.execute(fail));
  expect(breaker.state).toBe('open');
  await time.advance(100);
  expect(await breaker.execute(() => 'up')).toBe('up');
  expect(breaker.state).toBe('closed');
});
