import { expect, it } from '@jest/globals';
import * as cockatiel from 'cockatiel';
import { bulkhead, circuitBreaker, compose, fallback, pipeline, retry, timeout } from '../src/index.ts';
import { outcomeOf, settle, VirtualClock } from './virtual-clock.ts';

it('is an IPolicy of cockatiel, with its two events', async () => {
  const policies: cockatiel.IPolicy<{ signal: AbortSignal; attempt: number }, unknown>[] = [
    retry({ maxAttempts: 1 }),
    circuitBreaker(),
    timeout(1_000),
    bulkhead({ maxConcurrent: 1 }),
    fallback(1, { handle: () => false }),
    pipeline({ timeoutMs: 1_000 }),
    compose(),
  ];
  for (const policy of policies) {
    const seen: unknown[] = [];
    const success = policy.onSuccess(({ duration }) => seen.push(typeof duration));
    const failure = policy.onFailure(({ handled, reason }) => seen.push(handled, reason));
    const error = new Error('no');
    await policy.execute(() => 'yes');
    await policy.execute(() => Promise.reject(error)).catch(() => {});
    expect(seen).toEqual(['number', true, { error }]);
    success.dispose();
    failure.dispose();
    await policy.execute(() => 'yes');
    expect(seen).toHaveLength(3);
  }
});

it('works inside cockatiel’s wrap, and hands its signal on', async () => {
  const time = new VirtualClock();
  const wrapped = cockatiel.wrap(
    retry({ initialDelayMs: 0, idempotent: true, maxAttempts: 2 }),
    timeout({ ms: 100, ...time.time }),
    cockatiel.circuitBreaker(cockatiel.handleAll, {
      halfOpenAfter: 1_000,
      breaker: new cockatiel.ConsecutiveBreaker(10),
    }),
  );
  const reasons: unknown[] = [];
  const outcome = outcomeOf(
    wrapped.execute(({ signal, attempt }) => {
      signal.addEventListener('abort', () => reasons.push([attempt, (signal.reason as Error).name]));
      return new Promise(() => {});
    }),
  );
  await time.advance(200);
  expect(outcome.error).toMatchObject({ code: 'TIMEOUT' });
  expect(reasons).toEqual([
    [1, 'TimeoutError'],
    [2, 'TimeoutError'],
  ]);
});

it('composes with a user’s own policies of cockatiel', async () => {
  const time = new VirtualClock();
  const theirs = cockatiel.retry(cockatiel.handleAll, { maxAttempts: 2 });
  const policy = compose(
    fallback('answer'),
    theirs,
    timeout({ ms: 50, ...time.time }),
    cockatiel.bulkhead(1),
  );
  let calls = 0;
  const result: string | number = await policy.execute((): number => {
    calls++;
    throw new Error('down');
  });
  expect([result, calls]).toEqual(['answer', 3]);

  const controller = new AbortController();
  const outcome = outcomeOf(policy.execute(() => new Promise<number>(() => {}), controller.signal));
  await settle();
  controller.abort('gone');
  await settle();
  expect(outcome).toEqual({ status: 'rejected', error: 'gone' });
  expect(time.pending).toBe(0);
});

it('takes a policy of cockatiel as a part of a pipeline', async () => {
  const breaker = cockatiel.circuitBreaker(cockatiel.handleAll, {
    halfOpenAfter: 1_000,
    breaker: new cockatiel.ConsecutiveBreaker(1),
  });
  const policy = pipeline({ retry: { initialDelayMs: 0 }, circuitBreaker: breaker });
  const error = await policy
    .execute(() => Promise.reject(new Error('down')))
    .catch((error: unknown) => error);
  expect(cockatiel.isBrokenCircuitError(error)).toBe(true);
  expect(policy.stats()).toMatchObject({ retries: 1, rejections: 1 });
  expect(policy.circuitBreaker).toBeUndefined();
});

it('runs the first policy outermost, and refuses what is no policy', async () => {
  const order: string[] = [];
  const spy = (name: string) => ({
    async execute<T>(
      fn: (context: { signal: AbortSignal; attempt: number }) => PromiseLike<T> | T,
      signal?: AbortSignal,
    ): Promise<T> {
      order.push(name);
      return fn({ signal: signal ?? new AbortController().signal, attempt: 1 });
    },
  });
  await compose(spy('outer'), spy('middle'), spy('inner')).execute(() => order.push('call'));
  expect(order).toEqual(['outer', 'middle', 'inner', 'call']);
  expect(() => compose(retry(), 5 as never)).toThrow(
    'compose argument 2 must be a policy (with execute), got 5',
  );
});
