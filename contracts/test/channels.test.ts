import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createCache } from '@agent4/caching';
import { createLogger } from '@agent4/logging';
import {
  adaptiveConcurrency,
  bulkhead,
  chaos,
  circuitBreaker,
  coalesce,
  deadline,
  fallback,
  hedge,
  retry,
  retryBudget,
  timeout,
} from '@agent4/resilience';
import { alerts } from '@agent4/resilience/alerts';
import { afterEach, describe, expect, it } from '@jest/globals';
import { CapturedLog } from './captured-log.ts';
import { ManualTime } from './manual-time.ts';

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

/** Everything published on the channel until the test ends. */
const published = (channel: string): unknown[] => {
  const payloads: unknown[] = [];
  const listener = (payload: unknown): void => {
    payloads.push(payload);
  };
  subscribe(channel, listener);
  stops.push(() => unsubscribe(channel, listener));
  return payloads;
};

const down = new Error('down');
const failing = (): Promise<never> => Promise.reject(down);

describe('channels of @agent4/resilience', () => {
  it('agent4:resilience:success and :failure tell every call', async () => {
    const [successes, failures] = [
      published('agent4:resilience:success'),
      published('agent4:resilience:failure'),
    ];
    const breaker = circuitBreaker({ name: 'db', clock: () => 0 });
    await breaker.execute(() => 1);
    await breaker.execute(failing).catch(() => {});
    expect(successes).toEqual([{ policy: 'db', durationMs: 0 }]);
    expect(failures).toEqual([{ policy: 'db', durationMs: 0, error: down }]);
  });

  it('agent4:resilience:retry tells attempt and wait', async () => {
    const payloads = published('agent4:resilience:retry');
    await retry({ name: 'db', maxAttempts: 2, backoff: [0] })
      .execute(failing)
      .catch(() => {});
    expect(payloads).toEqual([{ policy: 'db', attempt: 1, delayMs: 0, error: down }]);
  });

  it('agent4:resilience:state tells every transition, the payload being that of `on`', async () => {
    const payloads = published('agent4:resilience:state');
    const time = new ManualTime();
    const breaker = circuitBreaker({ name: 'db', failureThreshold: 1, openMs: 50, clock: time.clock });
    const heard: unknown[] = [];
    breaker.on('open', (payload) => heard.push(payload));
    await breaker.execute(failing).catch(() => {});
    await time.advance(50);
    await breaker.execute(() => 1);
    expect(payloads).toEqual([
      { policy: 'db', from: 'closed', to: 'open', retryAfterMs: 50, error: down },
      { policy: 'db', from: 'open', to: 'half-open' },
      { policy: 'db', from: 'half-open', to: 'closed' },
    ]);
    expect(heard[0]).toBe(payloads[0]);
  });

  it('agent4:resilience:reject tells why a call was not made', async () => {
    const payloads = published('agent4:resilience:reject');
    const breaker = circuitBreaker({ name: 'db', failureThreshold: 1, openMs: 50, clock: () => 0 });
    await breaker.execute(failing).catch(() => {});
    await breaker.execute(() => 1).catch(() => {});
    const gate = Promise.withResolvers<void>();
    const slots = bulkhead({ name: 'slots', maxConcurrent: 1, maxQueue: 0 });
    const first = slots.execute(() => gate.promise);
    await slots.execute(() => 1).catch(() => {});
    gate.resolve();
    await first;
    expect(payloads).toEqual([
      { policy: 'db', reason: 'open', retryAfterMs: 50 },
      { policy: 'slots', reason: 'full' },
    ]);
  });

  it('agent4:resilience:timeout tells the limit', async () => {
    const payloads = published('agent4:resilience:timeout');
    const time = new ManualTime();
    const limit = timeout({ name: 'db', ms: 250, clock: time.clock, timers: time.timers });
    const outcome = limit.execute(() => new Promise(() => {})).catch(() => {});
    await time.advance(250);
    await outcome;
    expect(payloads).toEqual([{ policy: 'db', timeoutMs: 250 }]);
  });

  it('agent4:resilience:fallback tells the error that was answered', async () => {
    const payloads = published('agent4:resilience:fallback');
    await fallback('plan B', { name: 'db' }).execute(failing);
    expect(payloads).toEqual([{ policy: 'db', error: down }]);
  });

  it('agent4:resilience:suppress, :hedge, :coalesce, :chaos, :limit and :deadline tell what a policy did on its own', async () => {
    const names = ['suppress', 'hedge', 'coalesce', 'chaos', 'limit', 'deadline'];
    const seen = new Map(names.map((name) => [name, published(`agent4:resilience:${name}`)]));
    const time = new ManualTime();
    const source = { clock: time.clock, timers: time.timers };
    const quietly = (outcome: Promise<unknown>): Promise<unknown> => outcome.catch(() => {});

    const budget = retryBudget({ ratio: 0, minPerSecond: 0, clock: time.clock });
    await quietly(
      retry({ name: 'db', maxAttempts: 2, backoff: [0], budget, idempotent: true }).execute(failing),
    );
    const slow = hedge({ name: 'db', delayMs: 50, idempotent: true, ...source });
    const hedged = slow.execute(({ attempt }) => (attempt === 1 ? new Promise<number>(() => {}) : 1));
    await time.advance(50);
    await hedged;
    const joined = coalesce({ name: 'db', key: () => 'k' });
    await Promise.all([joined.execute(() => 1), joined.execute(() => 2)]);
    await quietly(chaos({ name: 'db', rate: 1, fault: true, random: () => 0, ...source }).execute(() => 1));
    const adaptive = adaptiveConcurrency({ name: 'db', initial: 10, isDrop: () => true, ...source });
    await quietly(adaptive.execute(failing));
    const late = quietly(deadline({ name: 'db', ms: 100, ...source }).execute(() => new Promise(() => {})));
    await time.advance(100);
    await late;

    expect(seen.get('suppress')).toEqual([{ policy: 'db', attempt: 1, reason: 'budget', error: down }]);
    expect(seen.get('hedge')).toEqual([{ policy: 'db', hedge: 1, delayMs: 50, suppressed: false }]);
    expect(seen.get('coalesce')).toEqual([{ policy: 'db', key: 'k', waiting: 2 }]);
    expect(seen.get('chaos')).toMatchObject([{ policy: 'db', kind: 'fault' }]);
    expect(seen.get('limit')).toMatchObject([{ policy: 'db', from: 10, reason: 'drop' }]);
    expect(seen.get('deadline')).toEqual([{ policy: 'db', timeoutMs: 100, madeCall: true }]);
  });

  it('agent4:resilience:alert and :alert-failure tell of notices and of sinks that failed', async () => {
    const [notices, failures] = [
      published('agent4:resilience:alert'),
      published('agent4:resilience:alert-failure'),
    ];
    const breaker = circuitBreaker({ name: 'db', failureThreshold: 1, openMs: 50, clock: () => 0 });
    const watch = alerts({
      sources: [breaker],
      sinks: [
        { name: 'pager', send: () => Promise.reject(Object.assign(new Error('no'), { code: 'EPAGER' })) },
      ],
    });
    await breaker.execute(failing).catch(() => {});
    await watch.close();
    expect(notices).toMatchObject([{ policy: 'db', type: 'opened' }]);
    expect(failures).toMatchObject([{ sink: 'pager', code: 'EPAGER' }]);
  });

  it('agent4:resilience:error tells of a listener that threw', async () => {
    const payloads = published('agent4:resilience:error');
    const breaker = circuitBreaker({ name: 'db' });
    breaker.on('success', () => {
      throw down;
    });
    expect(await breaker.execute(() => 1)).toBe(1);
    expect(payloads).toEqual([{ policy: 'db', source: 'success', error: down }]);
  });
});

describe('channels of @agent4/caching', () => {
  it('agent4:caching:<event> for hit, miss, load, load-error, set, delete, invalidate-tags, clear', async () => {
    const names = ['hit', 'miss', 'load', 'load-error', 'set', 'delete', 'invalidate-tags', 'clear'];
    const seen = new Map(names.map((name) => [name, published(`agent4:caching:${name}`)]));
    const cache = createCache<number>({ name: 'users', clock: () => 0 });
    await cache.getOrSet('a', () => 1);
    await cache.get('a');
    await cache.getOrSet('b', failing).catch(() => {});
    await cache.delete('a');
    await cache.invalidateTags(['team:1']);
    await cache.clear();
    await cache.close();
    expect(seen.get('hit')).toEqual([{ cache: 'users', key: 'a', tier: 'memory' }]);
    expect(seen.get('miss')).toEqual([
      { cache: 'users', key: 'a' },
      { cache: 'users', key: 'b' },
    ]);
    expect(seen.get('load')).toMatchObject([{ cache: 'users', keys: ['a'] }]);
    expect(seen.get('load-error')).toMatchObject([{ cache: 'users', keys: ['b'], error: down }]);
    expect(seen.get('set')).toMatchObject([{ cache: 'users', key: 'a' }]);
    expect(seen.get('delete')).toEqual([{ cache: 'users', key: 'a' }]);
    expect(seen.get('invalidate-tags')).toEqual([{ cache: 'users', tags: ['team:1'] }]);
    expect(seen.get('clear')).toEqual([{ cache: 'users' }]);
  });

  it('agent4:caching:expire tells of a value that was made stale', async () => {
    const payloads = published('agent4:caching:expire');
    const cache = createCache<number>({ name: 'users', grace: 1_000 });
    await cache.set('a', 1);
    await cache.expire('a');
    await cache.close();
    expect(payloads).toEqual([{ cache: 'users', key: 'a' }]);
  });

  it('agent4:caching:evict tells what left memory, and why', async () => {
    const payloads = published('agent4:caching:evict');
    const cache = createCache<number>({ name: 'small', memory: { maxEntries: 1, policy: 'lru' } });
    await cache.set('a', 1);
    await cache.set('b', 2);
    await cache.close();
    expect(payloads).toEqual([{ cache: 'small', key: 'a', tier: 'memory', cause: 'size' }]);
  });

  it('agent4:caching:stale tells that an old value stood in for a failed load', async () => {
    const payloads = published('agent4:caching:stale');
    const time = new ManualTime();
    const cache = createCache<number>({ name: 'users', ttl: 100, grace: 1_000, clock: time.clock });
    await cache.set('a', 1);
    await time.advance(101);
    expect(await cache.getOrSet('a', failing)).toBe(1);
    await cache.close();
    expect(payloads).toEqual([
      { cache: 'users', key: 'a', tier: 'memory', reason: 'loader-failed', error: down },
    ]);
  });

  it('agent4:caching:store-error, :store-cooldown and :store-recovered tell of a store', async () => {
    const names = ['store-error', 'store-cooldown', 'store-recovered'];
    const [errors, cooldowns, recoveries] = names.map((name) => published(`agent4:caching:${name}`));
    const time = new ManualTime();
    let broken = true;
    const rows = new Map<string, unknown>();
    const act =
      <T>(work: () => T) =>
      async (): Promise<T> => {
        if (broken) throw down;
        return work();
      };
    const store = {
      get: (key: string) => act(() => rows.get(key))(),
      set: (key: string, value: unknown) => act(() => Boolean(rows.set(key, value)))(),
      delete: (key: string) => act(() => rows.delete(key))(),
      clear: () => act(() => rows.clear())(),
    };
    const cache = createCache<number>({
      name: 'users',
      memory: false,
      stores: [store],
      storeCooldown: { failures: 1, initialMs: 500 },
      clock: time.clock,
    });
    await cache.get('a');
    broken = false;
    await time.advance(500);
    await cache.get('a');
    await cache.close();
    expect(errors).toMatchObject([{ cache: 'users', tier: 'store:0', operation: 'get' }]);
    expect(cooldowns).toEqual([{ cache: 'users', tier: 'store:0', failures: 1, coolDownMs: 500 }]);
    expect(recoveries).toEqual([{ cache: 'users', tier: 'store:0' }]);
  });
});

describe('channels of @agent4/logging', () => {
  it('agent4:logging:failure tells of a destination that threw, and the caller goes on', async () => {
    const payloads = published('agent4:logging:failure');
    const broken = {
      write(): never {
        throw down;
      },
    };
    const logger = createLogger({ name: 'contracts', destination: broken });
    logger.info('into the void');
    await logger.flush();
    expect(payloads).toEqual([{ source: 'destination', error: down }]);
  });

  it('says nothing when all is well', async () => {
    const quiet = ['drop', 'failure'].map((event) => published(`agent4:logging:${event}`));
    const logger = createLogger({ name: 'contracts', destination: new CapturedLog() });
    logger.info('all is well');
    await logger.flush();
    expect(quiet).toEqual([[], []]);
  });
});
