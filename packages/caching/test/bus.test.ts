import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { messagesOf } from '../src/bus/message.ts';
import {
  type Bus,
  type BusListener,
  type Cache,
  type CacheOptions,
  createCache,
  memoryBus,
} from '../src/index.ts';
import { deferred, FaultyStore, manualClock, settle } from './doubles.ts';

/** A bus in memory that fails, hangs, forgets its listeners and keeps what was said. */
class FaultyBus implements Bus {
  mode: 'up' | 'failing' | 'hanging' = 'up';
  readonly said: string[] = [];
  readonly listeners = new Set<BusListener>();
  maxBytes: number | undefined;

  async publish(_channel: string, text: string): Promise<void> {
    if (this.mode === 'failing') throw new Error('bus down');
    if (this.mode === 'hanging') return new Promise(() => {});
    this.said.push(text);
    for (const listener of this.listeners) listener.message(text);
  }

  async subscribe(_channel: string, listener: BusListener): Promise<() => void> {
    if (this.mode !== 'up') throw new Error('bus down');
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  lose(): void {
    for (const listener of this.listeners) listener.lost(new Error('connection closed'));
  }

  restore(): void {
    for (const listener of this.listeners) listener.restored();
  }
}

const nodes = async (
  bus: Bus,
  options: CacheOptions<string> = {},
): Promise<[Cache<string>, Cache<string>, FaultyStore]> => {
  const store = new FaultyStore();
  const make = () => createCache<string>({ stores: [store], bus, storeTimeoutMs: 50, ...options });
  const both: [Cache<string>, Cache<string>, FaultyStore] = [make(), make(), store];
  await settle();
  return both;
};

describe('a change on one node', () => {
  it.each([
    ['set', (cache: Cache<string>) => cache.set('k', 'new'), 'new'],
    ['setMany', (cache: Cache<string>) => cache.setMany([['k', 'new']]), 'new'],
    ['set with ttl 0', (cache: Cache<string>) => cache.set('k', 'x', { ttl: 0 }), undefined],
    ['delete', (cache: Cache<string>) => cache.delete('k'), undefined],
    ['expire', (cache: Cache<string>) => cache.expire('k'), undefined],
    ['clear', (cache: Cache<string>) => cache.clear(), undefined],
    ['invalidateTags', (cache: Cache<string>) => cache.invalidateTags(['t']), undefined],
  ] as const)('%s reaches the memory of the other', async (_name, change, expected) => {
    const [one, other] = await nodes(memoryBus());
    await one.set('k', 'old', { tags: ['t'] });
    await settle();
    expect(await other.get('k')).toBe('old');
    await change(one);
    await settle();
    expect(await other.get('k')).toBe(expected);
  });

  it('voids a load that the other began before', async () => {
    const [one, other] = await nodes(memoryBus());
    const load = deferred<string>();
    const wait = other.getOrSet('k', () => load.promise);
    await settle();
    await one.set('k', 'new');
    await settle();
    load.resolve('old');
    expect(await wait).toBe('old');
    await settle();
    expect(await other.get('k')).toBe('new');
  });

  it('lets the other forget a remembered error', async () => {
    const [one, other] = await nodes(memoryBus(), { errorTtl: '1h' });
    await other.getOrSet('k', () => Promise.reject(new Error('down'))).catch(() => {});
    await one.delete('k');
    await settle();
    expect(await other.getOrSet('k', () => 'v')).toBe('v');
  });

  it('does not touch other keys, nor a cache of another namespace', async () => {
    const bus = memoryBus();
    const [one, other] = await nodes(bus);
    const stranger = createCache<string>({ bus, namespace: 'stranger' });
    await other.set('kept', 'v');
    await stranger.set('k', 'v');
    await settle();
    await one.delete('k');
    await settle();
    expect([other.stats().memory?.entries, stranger.stats().memory?.entries]).toEqual([1, 1]);
  });

  it('is told once: no echo to itself, no answer from those who hear it, nothing for a load', async () => {
    const bus = new FaultyBus();
    const [one, other] = await nodes(bus);
    await one.set('k', 'v');
    await settle();
    expect(await one.get('k')).toBe('v');
    expect(one.stats()).toMatchObject({ memory: { hits: 1 } });
    await other.getOrSet('k', () => 'loaded');
    await other.getOrSet('cold', () => 'loaded');
    await settle();
    expect(bus.said).toHaveLength(1);
    expect([one.stats().bus, other.stats().bus]).toMatchObject([
      { connected: true, sent: 1, received: 0, waiting: 0 },
      { connected: true, sent: 0, received: 1 },
    ]);
  });
});

describe('a bus that is down', () => {
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'queueMicrotask', 'nextTick', 'performance', 'Date'] });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it.each(['failing', 'hanging'] as const)(
    '%s delays no call and is caught up with, the last change of a key once',
    async (mode) => {
      const bus = new FaultyBus();
      const [one, other] = await nodes(bus);
      const errors: string[] = [];
      one.on('bus-error', ({ operation }) => errors.push(operation));
      await one.set('k', 'old');
      await settle();
      expect(await other.get('k')).toBe('old');
      bus.mode = mode;
      await one.set('k', 'newer');
      await one.set('k', 'newest');
      await jest.advanceTimersByTimeAsync(50);
      await settle();
      expect(new Set(errors)).toEqual(new Set(['publish']));
      expect(await other.get('k')).toBe('old');
      bus.mode = 'up';
      const before = bus.said.length;
      await jest.advanceTimersByTimeAsync(1_000);
      await settle();
      expect(bus.said.length - before).toBe(1);
      expect(await other.get('k')).toBe('newest');
      expect(one.stats().bus).toMatchObject({ waiting: 0 });
    },
  );

  it('at the start: the cache works, and listens once it can', async () => {
    const bus = new FaultyBus();
    bus.mode = 'failing';
    const [one, other] = await nodes(bus);
    await one.set('k', 'v');
    expect(await other.get('k')).toBe('v');
    expect(other.stats().bus?.connected).toBe(false);
    bus.mode = 'up';
    await one.set('k', 'v2');
    await jest.advanceTimersByTimeAsync(1_000);
    await settle();
    expect(other.stats().bus?.connected).toBe(true);
    expect(await other.get('k')).toBe('v2');
  });

  it('keeps no more than its limit: past it everything remembered elsewhere is in doubt', async () => {
    const bus = new FaultyBus();
    const [one, other] = await nodes(bus);
    await other.set('old', 'v');
    await settle();
    bus.mode = 'failing';
    await one.setMany(Array.from({ length: 10_001 }, (_, at) => [`k${at}`, 'v'] as const));
    await settle();
    expect(one.stats().bus?.waiting).toBe(1);
    bus.mode = 'up';
    await jest.advanceTimersByTimeAsync(1_000);
    await settle();
    const before = other.stats().stores[0]!.hits;
    expect(await other.get('old')).toBe('v');
    expect(other.stats().stores[0]!.hits - before).toBe(1);
  });
});

describe('when messages may have been missed', () => {
  it('memory is not believed, at the loss and again at the return, and all converge', async () => {
    const bus = new FaultyBus();
    const [one, other, store] = await nodes(bus);
    const told: string[] = [];
    other.on('bus-lost', () => told.push('lost'));
    other.on('bus-connected', () => told.push('connected'));
    await other.set('k', 'old');
    await settle();
    bus.lose();
    expect(await other.get('k')).toBe('old');
    const listeners = [...bus.listeners];
    bus.listeners.clear();
    await one.set('k', 'new');
    await settle();
    expect(await other.get('k')).toBe('old');
    for (const listener of listeners) bus.listeners.add(listener);
    bus.restore();
    expect(await other.get('k')).toBe('new');
    expect(told).toEqual(['lost', 'connected']);
    expect(store.mode).toBe('up');
  });

  it('a value in doubt still covers a loader that fails', async () => {
    const bus = new FaultyBus();
    const cache = createCache<string>({ bus, ttl: '1h', grace: '1h', clock: manualClock().now });
    await settle();
    await cache.set('k', 'v');
    bus.lose();
    expect(await cache.get('k')).toBeUndefined();
    expect(await cache.getOrSet('k', () => Promise.reject(new Error('down')))).toBe('v');
  });

  it.each([
    'not JSON',
    '{"a4":2,"n":"x","s":1,"k":["k"]}',
    '{"a4":1,"n":"x","s":"later"}',
    'null',
    '{"a4":1,"n":"x","s":1,"k":[1]}',
    '{"a4":1,"n":"x","s":1e300,"c":1}',
  ])('a message that cannot be understood counts as one that was missed: %s', async (text) => {
    const bus = new FaultyBus();
    const cache = createCache<string>({ bus });
    await settle();
    await cache.set('k', 'v');
    await bus.publish('', text);
    expect(await cache.get('k')).toBeUndefined();
  });
});

it('what a store missed is told again once the store has it', async () => {
  const bus = new FaultyBus();
  const [one, other, store] = await nodes(bus, { storeCooldown: { failures: 100 } });
  await one.set('k', 'old');
  await settle();
  store.mode = 'failing';
  await one.set('k', 'new');
  await settle();
  store.mode = 'up';
  expect(await other.get('k')).toBe('old');
  await one.get('other');
  for (let turn = 0; turn < 10; turn++) await settle();
  expect(await other.get('k')).toBe('new');
});

it('splits what is longer than the bus takes; what fits into no message puts everything in doubt', () => {
  const keys = Array.from({ length: 100 }, (_, at) => `key:${at}`);
  const parts = messagesOf('node', { kind: 'keys', keys, stamp: 1 }, 200);
  expect(Math.max(...parts.map((text) => Buffer.byteLength(text)))).toBeLessThanOrEqual(200);
  expect(parts.flatMap((text) => (JSON.parse(text) as { k: string[] }).k)).toEqual(keys);
  const one = messagesOf('node', { kind: 'keys', keys: ['é'.repeat(200)], stamp: 1 }, 200);
  expect(one.map((text) => JSON.parse(text) as unknown)).toEqual([{ a4: 1, n: 'node', s: 1 }]);
});

it('close() sends what waits and listens no longer', async () => {
  const bus = new FaultyBus();
  const [one] = await nodes(bus);
  bus.mode = 'failing';
  await one.set('k', 'v');
  await settle();
  bus.mode = 'up';
  await one.close();
  expect([bus.said.length, bus.listeners.size]).toEqual([1, 1]);
});

it.each([[{}], [null], ['redis://localhost'], [{ publish: () => {} }]])('refuses %j as a bus', (bus) => {
  expect(() => createCache({ bus: bus as never })).toThrow('bus must have publish and subscribe');
});
