import { createCache } from '@agent4/caching';
import { CorrelationContext } from '@agent4/logging';
import { bulkhead, pipeline } from '@agent4/resilience';
import { describe, expect, it } from '@jest/globals';

const id = (): string | undefined => CorrelationContext.current()?.correlationId;

describe('the correlation context', () => {
  it('is the same in every attempt of a pipeline', async () => {
    const guarded = pipeline({
      retry: { maxAttempts: 3, initialDelayMs: 1, jitter: 'none' },
      timeoutMs: 60_000,
    });
    const seen: (string | undefined)[] = [];
    await CorrelationContext.run({ correlationId: 'req-1' }, () =>
      guarded.execute(async () => {
        seen.push(id());
        if (seen.length < 3) throw new Error('again');
      }),
    );
    expect(seen).toEqual(['req-1', 'req-1', 'req-1']);
  });

  it("is the queued caller's own when a bulkhead hands a slot over", async () => {
    const gate = Promise.withResolvers<void>();
    const slots = bulkhead({ maxConcurrent: 1, maxQueue: 1 });
    const first = CorrelationContext.run({ correlationId: 'first' }, () => slots.execute(() => gate.promise));
    const second = CorrelationContext.run({ correlationId: 'second' }, () => slots.execute(async () => id()));
    gate.resolve();
    await first;
    expect(await second).toBe('second');
  });

  it('is that of the caller who made the cache load', async () => {
    const cache = createCache<string | undefined>({ name: 'contracts' });
    const loader = async (): Promise<string | undefined> => id();
    const load = (correlationId: string) =>
      CorrelationContext.run({ correlationId }, () => cache.getOrSet('key', loader));
    expect(await Promise.all([load('leader'), load('follower')])).toEqual(['leader', 'leader']);
    await cache.close();
  });
});
