import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { createCache } from '../src/index.ts';
import { FaultyStore, manualClock, settle } from './doubles.ts';

const second = 1_000;

describe('a process whose clock is 10 s behind that of the writer', () => {
  const writerOver = (store: FaultyStore) =>
    createCache<string>({ stores: [store], clock: manualClock(1_010 * second).now });
  const readerOver = (store: FaultyStore, clock = manualClock(1_000 * second)) =>
    createCache<string>({ stores: [store], memory: false, clock: clock.now });

  it.each([
    ['invalidateTags', (cache: ReturnType<typeof readerOver>) => cache.invalidateTags(['t'])],
    ['clear', (cache: ReturnType<typeof readerOver>) => cache.clear()],
  ] as const)('voids what it has read, by %s', async (_name, change) => {
    const store = new FaultyStore();
    await writerOver(store).set('k', 'v', { tags: ['t'] });
    const cache = readerOver(store);
    expect(await cache.get('k')).toBe('v');
    await change(cache);
    expect(await cache.get('k')).toBeUndefined();
  });

  it('keeps what it loads in place of an expired value', async () => {
    const store = new FaultyStore();
    const ahead = manualClock(1_010 * second);
    await createCache<string>({ stores: [store], clock: ahead.now }).set('k', 'old', { ttl: second });
    const clock = manualClock(1_000 * second);
    const cache = readerOver(store, clock);
    expect(await cache.get('k')).toBe('old');
    clock.advance(second);
    expect(await cache.getOrSet('k', () => 'loaded')).toBe('loaded');
    await settle();
    expect(await cache.get('k')).toBe('loaded');
  });

  it.each([true, false])(
    'has the value no longer than its ttl, read anew or not (memory %p)',
    async (memory) => {
      const store = new FaultyStore();
      await createCache<string>({ stores: [store], clock: manualClock(1_010 * second).now }).set('k', 'v', {
        ttl: 2 * second,
      });
      const clock = manualClock(1_000 * second);
      const cache = createCache<string>({
        stores: [store],
        clock: clock.now,
        ...(memory ? {} : { memory: false }),
      });
      expect(await cache.get('k')).toBe('v');
      clock.advance(1_999);
      expect(await cache.get('k')).toBe('v');
      clock.advance(1);
      expect(await cache.get('k')).toBeUndefined();
      clock.advance(5 * second);
      expect(await cache.get('k')).toBeUndefined();
    },
  );

  it('keeps what it loads in place of a value that it cannot use', async () => {
    const store = new FaultyStore();
    await writerOver(store).set('k', 'of an old shape');
    const cache = createCache<string>({
      stores: [store],
      memory: false,
      clock: manualClock(1_000 * second).now,
      schema: { version: 1 },
    });
    expect(await cache.getOrSet('k', () => 'loaded')).toBe('loaded');
    expect(await cache.get('k')).toBe('loaded');
  });

  it('has a value that was written anew for a ttl of its own', async () => {
    const store = new FaultyStore();
    const ahead = manualClock(1_010 * second);
    const writer = createCache<string>({ stores: [store], clock: ahead.now });
    await writer.set('k', 'v', { ttl: 2 * second });
    const clock = manualClock(1_000 * second);
    const cache = readerOver(store, clock);
    await cache.get('k');
    clock.advance(3 * second);
    await writer.set('k', 'again', { ttl: 2 * second });
    expect(await cache.get('k')).toBe('again');
    clock.advance(2 * second);
    expect(await cache.get('k')).toBeUndefined();
  });
});

it('a stamp that is more than a day ahead is no time: what is written after it still counts', async () => {
  const store = new FaultyStore();
  const days = manualClock(3 * 86_400_000);
  await createCache<string>({ stores: [store], clock: days.now }).set('k', 'v');
  const cache = createCache<string>({ stores: [store], memory: false, clock: manualClock(1_000).now });
  await cache.get('k');
  await cache.set('other', 'v');
  const { s } = (JSON.parse(store.data.get('cache:k=other') as string) as { value: { s: number } }).value;
  expect(s).toBeLessThan(2_000);
});

describe('the clock of memory', () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  it.each([3_600_000, -3_600_000])(
    'is monotonic: the wall clock jumping by %p ms changes no age',
    async (jump) => {
      jest.useFakeTimers({ doNotFake: ['setImmediate', 'queueMicrotask', 'nextTick'] });
      const cache = createCache<string>();
      await cache.set('k', 'v', { ttl: 1_000 });
      jest.setSystemTime(Date.now() + jump);
      jest.advanceTimersByTime(999);
      expect(await cache.get('k')).toBe('v');
      jest.advanceTimersByTime(1);
      expect(await cache.get('k')).toBeUndefined();
    },
  );
});
