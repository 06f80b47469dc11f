import { describe, expect, it } from '@jest/globals';
import {
  adaptiveConcurrency,
  bulkhead,
  circuitBreaker,
  coalesce,
  compose,
  deadline,
  hedge,
  pipeline,
  priorityBulkhead,
  rateLimit,
  retry,
  stream,
  timeout,
} from '../src/index.ts';
import { deferred, settle, VirtualClock } from './virtual-clock.ts';

const read = async <T>(source: AsyncIterable<T>): Promise<T[]> => {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
};

const six = async function* (): AsyncGenerator<number> {
  for (let item = 1; item <= 6; item++) {
    await settle();
    yield item;
  }
};

describe('coalesce', () => {
  const ALL = [1, 2, 3, 4, 5, 6];

  it('gives each reader of a stream all items', async () => {
    const once = coalesce({ key: () => 'k' });
    const wrapped = once(six);
    const shop = pipeline({ coalesce: { key: () => 1 }, timeoutMs: 100 });
    for (const open of [wrapped, () => stream(shop, six), () => stream(once.for('k'), six)])
      expect(await Promise.all([read(open()), read(open()), read(open())])).toEqual([ALL, ALL, ALL]);
    expect(once.snapshot()).toMatchObject({ inFlight: 0, shared: 0 });
  });

  it('a reader that leaves ends nobody else’s stream', async () => {
    const wrapped = coalesce({ key: (feed: string) => feed })(async function* (_feed: string) {
      yield* six();
    });
    const all = read(wrapped('a'));
    for await (const _ of wrapped('a')) break;
    expect(await all).toEqual(ALL);
  });
});

const limited = () => [
  priorityBulkhead({ maxConcurrent: 1, priority: () => 0 }),
  adaptiveConcurrency({ min: 1, max: 1 }),
];

describe.each([0, 1])('a policy with slots (%#)', (which) => {
  it('holds the slot until the stream ends', async () => {
    const slots = limited()[which]!;
    const numbers = stream(slots, six);
    await numbers.next();
    expect(slots.snapshot().running).toBe(1);
    await expect(slots.execute(() => 1)).rejects.toMatchObject({ code: 'BULKHEAD_FULL' });
    expect(await read(numbers)).toEqual([2, 3, 4, 5, 6]);
    expect(slots.snapshot().running).toBe(0);
  });

  it('gives the slot back when the consumer leaves, the stream fails, or it never opens', async () => {
    const slots = limited()[which]!;
    for await (const _ of stream(slots, six)) break;
    expect(slots.snapshot().running).toBe(0);
    const torn = stream(slots, async function* () {
      yield 1;
      throw new Error('torn');
    });
    await expect(read(torn)).rejects.toThrow('torn');
    expect(slots.snapshot().running).toBe(0);
    const closed = stream(slots, () => Promise.reject(new Error('closed')));
    await expect(read(closed)).rejects.toThrow('closed');
    expect(slots.snapshot().running).toBe(0);
  });

  it('gives the slot back when an attempt opens that was given up', async () => {
    const time = new VirtualClock();
    const slots = [
      priorityBulkhead({ maxConcurrent: 2, priority: () => 0 }),
      adaptiveConcurrency({ min: 2, max: 2 }),
    ][which]!;
    const late = deferred<void>();
    const policy = compose(
      retry({ initialDelayMs: 0, idempotent: true }),
      timeout({ ms: 10, ...time.time }),
      slots,
    );
    const numbers = stream(policy, async function* ({ attempt }) {
      if (attempt === 1) await late.promise;
      yield* six();
    });
    const first = numbers.next();
    await time.advance(10);
    expect(await first).toMatchObject({ value: 1 });
    expect(slots.snapshot().running).toBe(2);
    late.resolve();
    for (let turn = 0; turn < 3; turn++) await settle();
    expect(slots.snapshot().running).toBe(1);
    await numbers.return(undefined);
    expect(slots.snapshot().running).toBe(0);
  });
});

describe.each([
  ['rateLimit', () => rateLimit({ limit: 100, perMs: 1_000 })],
  ['hedge', () => hedge({ idempotent: true, delayMs: 1_000 })],
  ['deadline', () => deadline(10_000)],
])('inside of %s', (_name, layer) => {
  it('a bulkhead holds the slot until the stream ends', async () => {
    const slots = bulkhead({ maxConcurrent: 1 });
    const numbers = stream(compose(layer(), slots), six);
    await numbers.next();
    expect(slots.snapshot().running).toBe(1);
    expect(await read(numbers)).toHaveLength(5);
    expect(slots.snapshot().running).toBe(0);
  });

  it('a circuit counts how the stream ends', async () => {
    const breaker = circuitBreaker({ failureThreshold: 1 });
    const torn = stream(compose(layer(), breaker), async function* () {
      yield 1;
      throw new Error('torn');
    });
    await expect(read(torn)).rejects.toThrow('torn');
    expect(breaker.state).toBe('open');
  });

  it('canRetry sees the arguments of a wrapped function and of a wrapped generator', async () => {
    const seen: unknown[] = [];
    const policy = compose(
      layer(),
      retry({
        initialDelayMs: 0,
        canRetry: ({ args }) => {
          seen.push(args);
          return false;
        },
      }),
    );
    const fail = policy(async (id: number) => Promise.reject(new Error(`${id}`)));
    await expect(fail(1)).rejects.toThrow('1');
    const broken = policy(async function* (id: number): AsyncGenerator<number> {
      if (id > 0) throw new Error(`${id}`);
      yield id;
    });
    await expect(read(broken(2))).rejects.toThrow('2');
    expect(seen).toEqual([[1], [2]]);
  });
});

it('leaving the loop aborts the call that won, though a hedged one began after it', async () => {
  const time = new VirtualClock();
  const policy = hedge({ idempotent: true, delayMs: 10, ...time.time });
  const gates = [deferred<void>(), deferred<void>()];
  const signals: AbortSignal[] = [];
  const numbers = stream(policy, async function* ({ signal }) {
    const mine = signals.push(signal);
    await gates[mine - 1]!.promise;
    yield* [mine, mine];
  });
  const first = numbers.next();
  await time.advance(10);
  gates[0]!.resolve();
  expect(await first).toMatchObject({ value: 1 });
  expect(signals.map(({ aborted }) => aborted)).toEqual([false, true]);
  await numbers.return(undefined);
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
});

it('priority sees the arguments of a wrapped generator', async () => {
  const served: string[] = [];
  for (const policy of [
    priorityBulkhead({ maxConcurrent: 1, maxQueue: 5, priority: (user: string) => user.length }),
    compose(
      retry(),
      adaptiveConcurrency({ min: 1, max: 1, maxQueue: 5, priority: (user: string) => user.length }),
    ),
  ]) {
    const feed = policy(async function* (user: string) {
      served.push(user);
      yield user;
    });
    await Promise.all(['a', 'b', 'long'].map((user) => read(feed(user))));
  }
  expect(served).toEqual(['a', 'long', 'b', 'a', 'long', 'b']);
});
