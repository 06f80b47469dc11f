import { createCache } from '@agent4/caching';
import { classify } from '@agent4/errors';
import { bulkhead, pipeline, retry } from '@agent4/resilience';
import { describe, expect, it } from '@jest/globals';
import { ManualTime, settled } from './manual-time.ts';

const reason = new Error('the caller has left');

describe('one AbortSignal through every package', () => {
  it('ends a wait between attempts with its reason, by identity', async () => {
    const time = new ManualTime();
    const caller = new AbortController();
    const waiting = retry({ clock: time.clock, timers: time.timers }).execute(
      () => Promise.reject(new Error('down')),
      caller.signal,
    );
    await settled();
    expect(time.pending).toBe(1);
    caller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    expect(time.pending).toBe(0);
  });

  it('takes a caller out of the queue of a bulkhead', async () => {
    const caller = new AbortController();
    const gate = Promise.withResolvers<void>();
    const slots = bulkhead({ maxConcurrent: 1, maxQueue: 1 });
    const first = slots.execute(() => gate.promise);
    const queued = slots.execute(() => 'never called', caller.signal);
    caller.abort(reason);
    await expect(queued).rejects.toBe(reason);
    gate.resolve();
    await first;
  });

  it('reaches a loader that runs inside a pipeline inside a cache', async () => {
    const caller = new AbortController();
    const cache = createCache<string>({ name: 'contracts' });
    const guarded = pipeline({ retry: { maxAttempts: 2 } });
    const seen = Promise.withResolvers<AbortSignal>();
    const loading = cache.getOrSet(
      'key',
      ({ signal }) =>
        guarded.execute((context) => {
          seen.resolve(context.signal);
          return new Promise<string>(() => {});
        }, signal),
      { signal: caller.signal },
    );
    const inner = await seen.promise;
    expect(inner.aborted).toBe(false);
    caller.abort(reason);
    await expect(loading).rejects.toBe(reason);
    await settled();
    expect(inner.aborted).toBe(true);
    await cache.close();
  });

  it('is told apart from a time limit by classify', () => {
    const left = new AbortController();
    left.abort();
    expect(classify(left.signal.reason).category).toBe('CANCELLED');
    expect(classify(new DOMException('too late', 'TimeoutError')).category).toBe('TIMEOUT');
  });
});
