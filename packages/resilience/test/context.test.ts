import { describe, expect, it } from '@jest/globals';
import {
  bulkhead,
  circuitBreaker,
  compose,
  fallback,
  type Policy,
  type PolicyContext,
  retry,
  timeout,
} from '../src/index.ts';
import { settle } from './virtual-clock.ts';

const policies: [string, Policy<unknown>][] = [
  ['bulkhead', bulkhead({ maxConcurrent: 10 })],
  ['breaker', circuitBreaker()],
  ['retry', retry()],
  ['fallback', fallback(0)],
  ['endless timeout', timeout(Number.POSITIVE_INFINITY)],
  ['retry and a breaker', compose(retry(), circuitBreaker())],
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
    expect([later.user, later.tenant]).toEqual([undefined, undefined]);
  });

  it('keeps what was written to it from calls at the same time', async () => {
    const asUser = (user: string) =>
      policy.execute(async (context: PolicyContext & { user?: string }) => {
        await settle();
        context.user = user;
        await settle();
        return context.user;
      });
    expect(await Promise.all([asUser('ann'), asUser('bob')])).toEqual(['ann', 'bob']);
  });

  it('is no other call’s, as a key and by its signal, before anybody has looked into it and after its end', async () => {
    const keep = () =>
      policy.execute(async (context) => {
        await settle();
        return context;
      });
    const contexts = (await Promise.all([keep(), keep(), keep().then(keep)])) as PolicyContext[];
    expect(new Set(contexts).size).toBe(3);
    expect(new Set(contexts.map(({ signal }) => signal)).size).toBe(3);
  });

  it('does no harm to later calls when it is frozen, or loses a field or its prototype', async () => {
    await policy.execute((context) => {
      Reflect.preventExtensions(context);
      Reflect.deleteProperty(context, 'attempt');
    });
    await policy.execute((context) => Object.setPrototypeOf(context, null));
    const [copy, attempt] = (await policy.execute((context) => [{ ...context }, context.attempt])) as [
      PolicyContext,
      number,
    ];
    expect(copy.signal).toBeInstanceOf(AbortSignal);
    expect(attempt).toBe(1);
  });
});
