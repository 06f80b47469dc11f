import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { bulkhead, circuitBreaker, pipeline, retry, stream, timeout } from '../src/index.ts';
import { outcomeOf, settle, VirtualClock } from './virtual-clock.ts';

const read = async <T>(source: AsyncIterable<T>): Promise<T[]> => {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
};

describe('stream', () => {
  it('is retried until the first item, and not after it', async () => {
    let opened = 0;
    const policy = retry({ initialDelayMs: 0 });
    const early = stream(policy, async function* () {
      if (++opened < 3) throw new Error('early');
      yield opened;
    });
    expect(await read(early)).toEqual([3]);
    opened = 0;
    const late = stream(policy, async function* () {
      opened++;
      yield 'first';
      throw new Error('late');
    });
    await expect(read(late)).rejects.toThrow('late');
    expect(opened).toBe(1);
  });

  it('holds the slot until the end, and gives it back when the consumer leaves', async () => {
    const slots = bulkhead({ maxConcurrent: 1 });
    let closed = false;
    const numbers = stream(slots, async function* () {
      try {
        for (let number = 1; ; number++) yield number;
      } finally {
        closed = true;
      }
    });
    expect(slots.snapshot().running).toBe(0);
    for await (const number of numbers) {
      expect(slots.snapshot().running).toBe(1);
      await expect(slots.execute(() => 1)).rejects.toMatchObject({ code: 'BULKHEAD_FULL' });
      if (number === 3) break;
    }
    await settle();
    expect([slots.snapshot().running, closed]).toEqual([0, true]);
  });

  it('counts for a circuit by how it ends; a consumer that leaves is neither', async () => {
    const breaker = circuitBreaker({ failureThreshold: 1 });
    for await (const _ of stream(breaker, async function* () {
      yield 1;
      yield 2;
    }))
      break;
    expect(breaker.state).toBe('closed');
    const broken = stream(breaker, async function* () {
      yield 1;
      throw new Error('torn');
    });
    await expect(read(broken)).rejects.toThrow('torn');
    expect(breaker.state).toBe('open');
  });

  it('limits the first item by the policy, the gaps and the whole by its options', async () => {
    const time = new VirtualClock();
    const { timers } = time;
    const signals: AbortSignal[] = [];
    const never = new Promise<never>(() => {});
    const after = (items: number) =>
      async function* ({ signal }: { signal: AbortSignal }) {
        signals.push(signal);
        for (let item = 0; item < items; item++) yield item;
        await never;
      };
    const policy = timeout({ ms: 100, ...time.time });
    const first = outcomeOf(read(stream(policy, after(0), { timers })));
    const gap = outcomeOf(read(stream(policy, after(2), { gapMs: 300, timers })));
    const total = outcomeOf(read(stream(policy, after(2), { totalMs: 200, timers })));
    await time.advance(100);
    expect([first.error, gap.status]).toMatchObject([{ code: 'TIMEOUT', timeoutMs: 100 }, 'pending']);
    await time.advance(100);
    expect(total.error).toMatchObject({ policy: 'timeout.total', timeoutMs: 200 });
    await time.advance(100);
    expect(gap.error).toMatchObject({ policy: 'timeout.gap', timeoutMs: 300 });
    expect(signals.map(({ reason }) => reason)).toEqual([first.error, gap.error, total.error]);
    expect(time.pending).toBe(0);
  });

  it('ends at once with the caller’s reason, before the first item and after it', async () => {
    for (const items of [0, 1]) {
      const controller = new AbortController();
      const slots = bulkhead({ maxConcurrent: 1 });
      const source = async function* () {
        if (items === 1) yield 'item';
        await new Promise(() => {});
      };
      const outcome = outcomeOf(read(stream(slots, source, {}, controller.signal)));
      await settle();
      controller.abort('gone');
      await settle();
      expect(outcome).toEqual({ status: 'rejected', error: 'gone' });
      expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
    }
  });

  it('reads iterables that are not async, and empty ones', async () => {
    const policy = pipeline({ retry: {}, circuitBreaker: {}, bulkhead: { maxConcurrent: 1 } });
    expect(await read(stream(policy, () => [1, 2]))).toEqual([1, 2]);
    expect(await read(stream(policy, async () => []))).toEqual([]);
    expect(policy.bulkhead.snapshot().running).toBe(0);
    expect(policy.stats()).toMatchObject({ calls: 2, successes: 2 });
  });

  it('reads what a fallback answers in its place', async () => {
    const policy = pipeline({ retry: { maxAttempts: 1 }, fallback: () => ['stale'] as never });
    const source = stream(policy, (): string[] => {
      throw new Error('down');
    });
    expect(await read(source)).toEqual(['stale']);
  });

  it('reads the attempt that won, though an earlier one opens after it', async () => {
    const time = new VirtualClock();
    const policy = pipeline({
      ...time.time,
      timeoutMs: 10,
      retry: { maxAttempts: 2, initialDelayMs: 0, idempotent: true },
    });
    const later = (ms: number) => new Promise<void>((resolve) => void time.timers.setTimeout(resolve, ms));
    const signals: AbortSignal[] = [];
    const closed: number[] = [];
    const source = stream(policy, async function* ({ attempt, signal }) {
      signals.push(signal);
      try {
        if (attempt === 1) await later(13);
        for (let item = 0; item < 3; item++) {
          yield `${attempt}.${item}`;
          await later(5);
        }
      } finally {
        closed.push(attempt);
      }
    });
    const outcome = outcomeOf(read(source));
    await time.advance(100);
    expect(outcome.value).toEqual(['2.0', '2.1', '2.2']);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    expect(closed).toEqual([1, 2]);
  });

  it('refuses bad options at once', () => {
    expect(() => stream(retry(), 5 as never)).toThrow('stream needs a function, got 5');
    expect(() => stream(5 as never, () => [])).toThrow('stream needs a policy (with execute), got 5');
    expect(() => stream(retry(), () => [], { gapMs: 0 })).toThrow(
      'gapMs must be a number of milliseconds > 0',
    );
    expect(() => stream(retry(), () => [], { gap: 1 } as never)).toThrow('stream has no option "gap"');
  });
});

describe('a wrapped async generator', () => {
  it('keeps this, arguments, name and length, and is retried until its first item', async () => {
    let calls = 0;
    const pages = retry({ initialDelayMs: 0 })(async function* pages(this: { base: number }, count: number) {
      if (++calls < 2) throw new Error('early');
      for (let page = 0; page < count; page++) yield this.base + page;
      return 'end';
    });
    expect([pages.name, pages.length]).toEqual(['pages', 1]);
    expect(await read(pages.call({ base: 10 }, 2))).toEqual([10, 11]);
    expect(calls).toBe(2);
  });

  it('is decorated as a method', async () => {
    const policy = retry({ initialDelayMs: 0 });
    class Feed {
      calls = 0;
      @policy
      async *items(): AsyncGenerator<number> {
        if (++this.calls < 2) throw new Error('early');
        yield this.calls;
      }
    }
    expect(await read(new Feed().items())).toEqual([2]);
  });
});
