import { describe, expect, it } from '@jest/globals';
import { bulkhead, circuitBreaker, fallback, type Policy, retry, timeout } from '../src/index.ts';

const policies: [string, Policy<unknown>][] = [
  ['bulkhead', bulkhead({ maxConcurrent: 10 })],
  ['breaker', circuitBreaker()],
  ['retry', retry()],
  ['fallback', fallback(0)],
  ['endless timeout', timeout(Number.POSITIVE_INFINITY)],
];

describe.each(policies)('what a function under a %s gets', (_name, policy) => {
  it('has a signal that no later call has, however it was read', async () => {
    const signals = [
      await policy.execute(({ signal }) => signal),
      await policy.execute((context) => ({ ...context }).signal),
      await policy.execute((context) => Reflect.get(context, 'signal')),
      await policy.execute(({ signal }) => signal),
    ];
    expect(new Set(signals).size).toBe(4);
    for (const signal of signals) expect(signal).toBeInstanceOf(AbortSignal);
  });

  it('keeps what was written to it from later calls', async () => {
    await policy.execute((context) => {
      (context as { user?: string }).user = 'ann';
      Object.defineProperty(context, 'tenant', { value: 'a' });
    });
    const later = (await policy.execute((context) => context)) as { user?: string; tenant?: string };
    expect([later.user, later.tenant, later === (await policy.execute((context) => context))]).toEqual([
      undefined,
      undefined,
      true,
    ]);
  });
});
