import { describe, expect, it } from '@jest/globals';
import { handleWhenResult } from 'cockatiel';
import {
  bulkhead,
  circuitBreaker,
  compose,
  fallback,
  hedge,
  priorityBulkhead,
  retry,
  stream,
} from '../src/index.ts';
import { deferred, outcomeOf, settle, VirtualClock } from './virtual-clock.ts';

const read = async <T>(source: AsyncIterable<T>): Promise<T[]> => {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
};

/** A source for each attempt, which notes when it is closed. */
const attempts = (closed: number[]) =>
  async function* ({ attempt }: { attempt: number }) {
    try {
      yield attempt;
      yield 'more';
    } finally {
      closed.push(attempt);
    }
  };

it('retryOnResult and the backoff are shown the first item, and a stream that is not taken is closed', async () => {
  const seen: unknown[] = [];
  const closed: number[] = [];
  const policy = retry({
    backoff: ({ result }) => {
      seen.push(result);
      return 0;
    },
    jitter: 'none',
    retryOnResult: (item) => {
      seen.push(item);
      return item === 1;
    },
  });
  const items = stream(policy, attempts(closed));
  expect(await items.next()).toEqual({ done: false, value: 2 });
  await settle();
  expect([seen, closed]).toEqual([[1, { value: 1 }, 2], [1]]);
  expect(await read(items)).toEqual(['more']);
});

it('a filter for results is shown the first item', async () => {
  const seen: unknown[] = [];
  const filter = handleWhenResult((item) => {
    seen.push(item);
    return item === 1;
  });
  const closed: number[] = [];
  expect(await read(stream(retry({ handle: filter, initialDelayMs: 0 }), attempts(closed)))).toHaveLength(2);
  const breaker = circuitBreaker({ failureThreshold: 1, isFailure: filter });
  await read(stream(breaker, attempts(closed)));
  expect(breaker.state).toBe('open');
  const stale = stream(fallback(['stale'] as never, { handle: filter }), attempts(closed));
  expect(await read(stale)).toEqual(['stale']);
  await settle();
  expect([seen, closed]).toEqual([
    [1, 2, 1, 1],
    [1, 2, 1, 1],
  ]);
});

it('dispose of a hedge gets the first item of the stream that nobody reads', async () => {
  const time = new VirtualClock();
  const disposed: unknown[] = [];
  const policy = hedge({
    idempotent: true,
    delayMs: 10,
    dispose: (item) => void disposed.push(item),
    ...time.time,
  });
  const gates = [deferred<void>(), deferred<void>()];
  let made = 0;
  const items = stream(policy, async function* () {
    const mine = made++;
    await gates[mine]!.promise;
    yield `item of ${mine}`;
  });
  const first = items.next();
  await time.advance(10);
  gates[0]!.resolve();
  expect(await first).toMatchObject({ value: 'item of 0' });
  gates[1]!.resolve();
  for (let turn = 0; turn < 3; turn++) await settle();
  expect(disposed).toEqual(['item of 1']);
});

describe('a stream that retryOnResult does not take', () => {
  const notTheFirst = { initialDelayMs: 0, retryOnResult: (item: unknown) => item === 1 };

  it.each([
    ['bulkhead', () => bulkhead({ maxConcurrent: 1 })],
    ['priorityBulkhead', () => priorityBulkhead({ maxConcurrent: 1, priority: () => 0 })],
  ])('is closed, and its slot under %s free, before the next attempt begins', async (_name, limited) => {
    const slots = limited();
    const closed: number[] = [];
    const items = stream(compose(retry(notTheFirst), slots), attempts(closed));
    expect(await items.next()).toEqual({ done: false, value: 2 });
    expect([closed, slots.snapshot().running]).toEqual([[1], 1]);
    await items.return(undefined);
    expect(slots.snapshot().running).toBe(0);
  });

  it('counts for nothing with a circuit inside, however the next one ends', async () => {
    const breaker = circuitBreaker({ window: { type: 'count', size: 10 } });
    const policy = compose(retry(notTheFirst), breaker);
    const torn = stream(policy, async function* ({ attempt }) {
      yield attempt;
      throw new Error('torn');
    });
    await expect(read(torn)).rejects.toThrow('torn');
    expect(breaker.snapshot()).toMatchObject({ state: 'closed' });
    expect(breaker.explain()).toMatchObject({ window: { calls: 1, failures: 1 } });
  });

  it('keeps an abort from nothing while it is closed', async () => {
    const caller = new AbortController();
    const source = async function* ({ attempt }: { attempt: number }) {
      try {
        yield attempt;
      } finally {
        await new Promise(() => {});
      }
    };
    const first = outcomeOf(stream(retry(notTheFirst), source, {}, caller.signal).next());
    await settle();
    expect(first.status).toBe('pending');
    caller.abort('gone');
    await settle();
    expect(first).toEqual({ status: 'rejected', error: 'gone' });
  });
});
