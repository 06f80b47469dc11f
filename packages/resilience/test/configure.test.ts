import { describe, expect, it } from '@jest/globals';
import * as cockatiel from 'cockatiel';
import {
  bulkhead,
  compose,
  PolicyRegistry,
  pipeline,
  priorityBulkhead,
  retry,
  timeout,
} from '../src/index.ts';
import { deferred, outcomeOf, settle, VirtualClock } from './virtual-clock.ts';

describe('configure', () => {
  it('gives a retry new settings; a running call keeps those it began with', async () => {
    const time = new VirtualClock();
    const policy = retry({ maxAttempts: 2, initialDelayMs: 100, jitter: 'none', ...time.time });
    let calls = 0;
    const fail = () => {
      calls++;
      throw new Error('down');
    };
    const running = outcomeOf(policy.execute(fail));
    await settle();
    policy.configure({ maxAttempts: 5, initialDelayMs: 0 });
    await time.advance(100);
    expect([running.status, calls]).toEqual(['rejected', 2]);
    calls = 0;
    await policy.execute(fail).catch(() => {});
    expect(calls).toBe(5);
    expect(() => policy.configure({ maxAttempts: 0 })).toThrow('maxAttempts must be an integer >= 1');
    expect(() => policy.configure({ timers: time.timers } as never)).toThrow(
      'configure has no option "timers"',
    );
  });

  it('gives a timeout a new limit for new calls', async () => {
    const time = new VirtualClock();
    const policy = timeout({ ms: 100, ...time.time });
    const never = () => new Promise<never>(() => {});
    const before = outcomeOf(policy.execute(never));
    policy.configure({ ms: 20 });
    const after = outcomeOf(policy.execute(never));
    await time.advance(20);
    expect([before.status, after.error]).toMatchObject(['pending', { timeoutMs: 20 }]);
    await time.advance(80);
    expect(before.error).toMatchObject({ timeoutMs: 100 });
    policy.configure({ ms: Number.POSITIVE_INFINITY });
    outcomeOf(policy.execute(never));
    await settle();
    expect(time.pending).toBe(0);
  });

  it.each([
    ['bulkhead', () => bulkhead({ maxConcurrent: 1, maxQueue: 5 })],
    ['priorityBulkhead', () => priorityBulkhead({ maxConcurrent: 1, maxQueue: 5, priority: () => 0 })],
  ])('%s gives new slots to those who wait, and takes none from those who run', async (_name, make) => {
    const policy = make();
    const gates = Array.from({ length: 4 }, () => deferred<void>());
    let started = 0;
    const calls = gates.map((gate) =>
      outcomeOf(
        policy.execute(() => {
          started++;
          return gate.promise;
        }),
      ),
    );
    policy.configure({ maxConcurrent: 3 });
    await settle();
    expect(started).toBe(3);
    policy.configure({ maxConcurrent: 1 });
    gates[0]!.resolve();
    gates[1]!.resolve();
    await settle();
    expect([started, policy.snapshot().running]).toEqual([3, 1]);
    gates[2]!.resolve();
    await settle();
    expect(started).toBe(4);
    gates[3]!.resolve();
    await settle();
    expect([policy.snapshot().running, calls.every(({ status }) => status === 'resolved')]).toEqual([
      0,
      true,
    ]);
  });

  it('leaves as it is what is undefined', () => {
    const slots = bulkhead({ maxConcurrent: 7 });
    slots.configure({ maxConcurrent: undefined, maxQueue: 2 });
    expect(slots.snapshot()).toMatchObject({ maxConcurrent: 7, maxQueue: 2 });
  });

  it('leaves a retry its number of attempts', async () => {
    const policy = retry({ maxAttempts: 5, initialDelayMs: 0 });
    policy.configure({ maxAttempts: undefined, factor: 3 });
    await policy.execute(() => Promise.reject(new Error('down'))).catch(() => {});
    expect(policy.stats().retries).toBe(4);
  });

  it('changes the parts of a pipeline, all or none', async () => {
    const policy = pipeline({
      name: 'shop',
      timeoutMs: 1_000,
      retry: { maxAttempts: 2, initialDelayMs: 0 },
      circuitBreaker: { failureThreshold: 10 },
    });
    expect(() => policy.configure({ retry: { maxAttempts: 4 }, timeoutMs: -1 })).toThrow(
      'timeoutMs must be a number of milliseconds > 0 or Infinity, got -1',
    );
    let calls = 0;
    const fail = () => {
      calls++;
      return Promise.reject(new Error('down'));
    };
    await policy.execute(fail).catch(() => {});
    expect(calls).toBe(2);
    policy.configure({ retry: { maxAttempts: 4 }, circuitBreaker: { failureThreshold: 3 } });
    await policy.execute(fail).catch(() => {});
    expect([calls, policy.circuitBreaker.state]).toEqual([2 + 3, 'open']);
  });

  it('refuses a part that is not there or not ours', () => {
    const theirs = cockatiel.timeout(50, cockatiel.TimeoutStrategy.Aggressive);
    const policy = pipeline({ timeoutMs: theirs });
    const expected = 'the pipeline has no such part of ours';
    expect(() => policy.configure({ timeoutMs: 5 })).toThrow(expected);
    expect(() => policy.configure({ retry: {} })).toThrow(expected);
    expect(() => policy.configure({ name: 'x' } as never)).toThrow('configure has no option "name"');
  });
});

describe('explain', () => {
  it('tells in which order a call meets the parts, and what it would meet now', async () => {
    const policy = pipeline({
      name: 'shop',
      bulkhead: { maxConcurrent: 2 },
      circuitBreaker: {},
      retry: {},
      timeoutMs: 5,
    });
    expect(policy.explain()).toMatchObject({
      name: 'shop',
      order: ['bulkhead', 'retry', 'circuitBreaker', 'timeoutMs'],
      text:
        'shop: bulkhead > retry > circuitBreaker > timeoutMs > call; circuit breaker closed: every call is let through; ' +
        'bulkhead 0 of 2 slots taken, 0 waiting',
      circuitBreaker: { state: 'closed' },
    });
  });
});

describe('PolicyRegistry', () => {
  it('finds policies by name, and explains those that can', () => {
    const registry = new PolicyRegistry();
    const shop = registry.add(pipeline({ name: 'shop', circuitBreaker: {} }));
    registry.add(retry({ name: 'mail' }));
    expect(registry.get('shop')).toBe(shop);
    expect(registry.names()).toEqual(['shop', 'mail']);
    expect(Object.keys(registry.explain())).toEqual(['shop']);
    expect([registry.remove('mail'), registry.remove('mail'), registry.get('mail')]).toEqual([
      true,
      false,
      undefined,
    ]);
  });

  it('refuses a name that is taken, and what has none', () => {
    const registry = new PolicyRegistry();
    registry.add(compose());
    expect(() => registry.add(compose())).toThrow('the registry has a policy "compose" already');
    expect(() => registry.add({ ...retry(), name: '' } as never)).toThrow('name must be a string');
    expect(() => registry.add(undefined as never)).toThrow(
      'add needs a policy of this package, got undefined',
    );
    // @ts-expect-error what is no policy of this package
    expect(() => registry.add({ name: 'x', execute: async () => 1 })).toThrow(
      'add needs a policy of this package, got an object',
    );
    const stranger = Object.assign(cockatiel.retry(cockatiel.handleAll, { maxAttempts: 1 }), { name: 'x' });
    expect(() => registry.add(stranger as never)).toThrow('add needs a policy of this package');
    expect(registry.names()).toEqual(['compose']);
  });
});
