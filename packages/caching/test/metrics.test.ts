import { expect, it } from '@jest/globals';
import type { Meter } from '@opentelemetry/api';
import { CacheManager, createCache, memoryBus } from '../src/index.ts';
import { type MeterLike, observeCaches } from '../src/otel.ts';
import { prometheusText } from '../src/prometheus.ts';
import { FaultyStore, settle } from './doubles.ts';

const busy = async () => {
  const cache = createCache<string>({
    name: 'a "b"\\\n',
    stores: [new FaultyStore()],
    memory: { maxEntries: 1, maxBytes: 10_000 },
    bus: memoryBus(),
  });
  await settle();
  await cache.getOrSet('k', () => 'v');
  await cache.get('k');
  await cache.getOrSet('other', () => 'v');
  await cache.getOrSet('bad', () => Promise.reject(new Error('down'))).catch(() => {});
  return cache;
};

it('prometheusText tells what stats() tells, every line well-formed, labels escaped', async () => {
  const cache = await busy();
  const text = prometheusText(cache);
  const label = String.raw`cache="a \"b\"\\\n"`;
  expect(text).toContain(`agent4_cache_lookups_total{${label},result="hit"} 1\n`);
  expect(text).toContain(`agent4_cache_loads_total{${label},result="error"} 1\n`);
  expect(text).toContain(`agent4_cache_memory_entries{${label}} 1\n`);
  expect(text).toContain(`agent4_cache_memory_size_bytes{${label}} ${cache.stats().memory?.bytes}\n`);
  expect(text).toContain(`agent4_cache_memory_evictions_total{${label},cause="size"} 1\n`);
  expect(text).toContain(`agent4_cache_store_up{${label},tier="store:0"} 1\n`);
  expect(text).toContain(`agent4_cache_bus_connected{${label}} 1\n`);
  for (const line of text.trimEnd().split('\n'))
    expect(line).toMatch(/^(# (HELP|TYPE) agent4_cache_\w+ .+|agent4_cache_\w+\{.+\} \d+(\.\d+)?(e-?\d+)?)$/);
  const types = text.match(/^# TYPE .*$/gm)!;
  expect(new Set(types).size).toBe(types.length);
});

it('takes several caches and a CacheManager, and has nothing to say of none', () => {
  const manager = new CacheManager();
  expect(prometheusText(manager)).toBe('');
  expect(prometheusText([])).toBe('');
  manager.create('users');
  manager.create('orders');
  expect(prometheusText(manager)).toBe(prometheusText([manager.get('users')!, manager.get('orders')!]));
});

it('prints each series once, though a cache is given twice', () => {
  const cache = createCache();
  expect(prometheusText([cache, cache])).toBe(prometheusText(cache));
});

it('refuses two caches of one name, whose series nobody could tell apart', () => {
  const two = [createCache(), createCache()];
  const message = 'Two caches are named "cache"; their figures need names of their own';
  expect(() => prometheusText(two)).toThrow(message);
  const meter: MeterLike = {
    createObservableCounter: () => ({}),
    createObservableGauge: () => ({}),
    addBatchObservableCallback: () => {},
    removeBatchObservableCallback: () => {},
  };
  expect(() => observeCaches(meter, two)).toThrow(message);
});

it.each([[5], [null], [undefined], [[5]], [{ stats: 1 }]])('refuses %p as a source', (source) => {
  expect(() => prometheusText(source as never)).toThrow(
    /^source must be a cache, an array of caches or a CacheManager, got /,
  );
});

it('observeCaches observes the same values through instruments of the meter, until it is ended', async () => {
  const cache = await busy();
  const made = new Map<object, string>();
  const make = (kind: string) => (name: string) => {
    const instrument = {};
    made.set(instrument, `${kind} ${name}`);
    return instrument;
  };
  const callbacks = new Set<
    (result: { observe(i: object, v: number, a?: Record<string, string>): void }) => void
  >();
  const meter: MeterLike = {
    createObservableCounter: make('counter'),
    createObservableGauge: make('gauge'),
    addBatchObservableCallback: (callback) => callbacks.add(callback),
    removeBatchObservableCallback: (callback) => callbacks.delete(callback),
  };
  const end = observeCaches(meter, cache);
  const seen: [string, number, unknown][] = [];
  for (const callback of callbacks)
    callback({ observe: (instrument, value, labels) => seen.push([made.get(instrument)!, value, labels]) });
  expect(seen).toContainEqual(['counter agent4.cache.lookups', 1, { cache: cache.name, result: 'hit' }]);
  expect(seen).toContainEqual(['gauge agent4.cache.memory_entries', 1, { cache: cache.name }]);
  expect(seen.every(([name]) => name !== undefined)).toBe(true);
  end();
  expect(callbacks.size).toBe(0);
  expect(() => observeCaches({} as never, cache)).toThrow('meter must be an OpenTelemetry Meter');
});

it('takes a caches manager that is empty at first', async () => {
  const manager = new CacheManager();
  const seen: number[] = [];
  const callbacks: ((result: { observe(i: object, v: number): void }) => void)[] = [];
  const meter: MeterLike = {
    createObservableCounter: () => ({}),
    createObservableGauge: () => ({}),
    addBatchObservableCallback: (callback) => callbacks.push(callback),
    removeBatchObservableCallback: () => {},
  };
  observeCaches(meter, manager);
  manager.create('later');
  callbacks[0]!({ observe: (instrument, value) => seen.push(instrument === undefined ? Number.NaN : value) });
  expect(seen.length).toBeGreaterThan(5);
  expect(seen).not.toContain(Number.NaN);
});

it('the real Meter fits by type', () => {
  const accepts = (meter: Meter): MeterLike => meter;
  expect(typeof accepts).toBe('function');
});
