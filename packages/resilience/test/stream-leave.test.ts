import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { bulkhead, circuitBreaker, retry, stream } from '../src/index.ts';
import { deferred, outcomeOf, settle, VirtualClock } from './virtual-clock.ts';

const never = new Promise<never>(() => {});

/** A source that does something of its own when its consumer leaves. */
const closing = (cleanup: (signal: AbortSignal) => unknown) =>
  async function* ({ signal }: { signal: AbortSignal }) {
    try {
      yield 1;
      yield 2;
    } finally {
      await cleanup(signal);
    }
  };

const leave = async (source: AsyncIterable<unknown>): Promise<void> => {
  for await (const _ of source) break;
};

describe('a consumer that leaves a stream', () => {
  it('waits until the source has cleaned up, as with any async generator', async () => {
    let closed = false;
    const source = closing(async () => {
      await settle();
      closed = true;
    });
    await leave(stream(retry(), source));
    expect(closed).toBe(true);
  });

  it('gets the error of the cleanup, and a circuit counts it', async () => {
    const breaker = circuitBreaker({ failureThreshold: 1 });
    const source = closing(() => Promise.reject(new Error('rollback failed')));
    await expect(leave(stream(breaker, source))).rejects.toThrow('rollback failed');
    expect(breaker.state).toBe('open');
  });

  it('hears nothing of a source that says it was cancelled', async () => {
    const breaker = circuitBreaker({ failureThreshold: 1 });
    await leave(
      stream(
        breaker,
        closing((signal) => signal.throwIfAborted()),
      ),
    );
    expect(breaker.state).toBe('closed');
  });

  it.each([{ gapMs: 50 }, { totalMs: 50 }])('waits no longer than %p', async (limit) => {
    const time = new VirtualClock();
    const slots = bulkhead({ maxConcurrent: 1 });
    const source = stream(
      slots,
      closing(() => never),
      { ...limit, timers: time.timers },
    );
    const left = outcomeOf(leave(source));
    await time.advance(49);
    expect([left.status, slots.snapshot().running]).toEqual(['pending', 1]);
    await time.advance(1);
    expect(left.error).toMatchObject({ code: 'TIMEOUT', timeoutMs: 50 });
    expect([slots.snapshot().running, time.pending]).toEqual([0, 0]);
  });

  it('is let go by its own abort while the source still cleans up', async () => {
    const caller = new AbortController();
    const slots = bulkhead({ maxConcurrent: 1 });
    const source = closing(() => never);
    const left = outcomeOf(leave(stream(slots, source, {}, caller.signal)));
    for (let turn = 0; turn < 3; turn++) await settle();
    caller.abort('gone');
    await settle();
    expect(left).toEqual({ status: 'rejected', error: 'gone' });
    expect(slots.snapshot().running).toBe(1);
    expect(getEventListeners(caller.signal, 'abort')).toHaveLength(0);
  });

  it('hears nothing and waits for nothing when it has aborted before', async () => {
    const caller = new AbortController();
    const slots = bulkhead({ maxConcurrent: 1 });
    const cleanup = deferred<void>();
    for await (const _ of stream(
      slots,
      closing(() => cleanup.promise),
      {},
      caller.signal,
    )) {
      caller.abort('gone');
      break;
    }
    expect(slots.snapshot().running).toBe(1);
    cleanup.reject(new Error('rollback failed'));
    for (let turn = 0; turn < 3; turn++) await settle();
    expect(slots.snapshot().running).toBe(0);
  });
});
