import { describe, expect, it } from '@jest/globals';
import { createCache } from '../src/index.ts';
import { manualClock } from './doubles.ts';

const down = new Error('down');
const failing = (): Promise<never> => Promise.reject(down);
const centuryMs = 100 * 365 * 86_400_000;

describe('null as a duration of the cache means no end', () => {
  it('grace', async () => {
    const clock = manualClock();
    const cache = createCache<string>({ ttl: 10, grace: null, clock: clock.now });
    await cache.set('k', 'old');
    clock.advance(centuryMs);
    expect(await cache.getOrSet('k', failing)).toBe('old');
  });

  it('staleWhileRevalidate', async () => {
    const clock = manualClock();
    const cache = createCache<string>({ ttl: 10, staleWhileRevalidate: null, clock: clock.now });
    await cache.set('k', 'old');
    clock.advance(centuryMs);
    expect(await cache.getOrSet('k', () => 'new')).toBe('old');
  });

  it('errorTtl', async () => {
    const clock = manualClock();
    const cache = createCache<string>({ errorTtl: null, clock: clock.now });
    await expect(cache.getOrSet('k', failing)).rejects.toBe(down);
    clock.advance(centuryMs);
    await expect(cache.getOrSet('k', () => 'new')).rejects.toBe(down);
  });

  it('negativeTtl of a call, though the cache has one', async () => {
    const clock = manualClock();
    const cache = createCache<string | null>({ ttl: 10, negativeTtl: 5, clock: clock.now });
    await cache.getOrSet('k', () => null, { negativeTtl: null });
    clock.advance(centuryMs);
    expect(await cache.has('k')).toBe(true);
  });
});

it.each([
  'name',
  'namespace',
  'jitter',
  'clone',
  'storeTimeoutMs',
  'graceBackoffMs',
  'loaderTimeoutMs',
  'lockLeaseMs',
  'lockWaitMs',
  'stores',
  'bus',
  'schema',
])('null as %s is refused, not taken for the default', (option) => {
  expect(() => createCache({ [option]: null })).toThrow(TypeError);
  expect(() => createCache({ [option]: null })).toThrow(new RegExp(`^${option} .*got null$`));
});

it.each(['maxEntries', 'maxBytes', 'maxEntryBytes', 'sizeOf', 'policy', 'advice'])(
  'null as memory.%s is refused',
  (option) => {
    expect(() => createCache({ memory: { [option]: null } })).toThrow(`memory.${option} must be`);
  },
);

it.each(['failures', 'initialMs', 'maxMs'])('null as storeCooldown.%s is refused', (option) => {
  expect(() => createCache({ storeCooldown: { [option]: null } })).toThrow(`storeCooldown.${option} must be`);
});

it.each([
  ['jitter', { jitter: 'x' }, TypeError],
  ['jitter', { jitter: 2 }, RangeError],
  ['storeTimeoutMs', { storeTimeoutMs: '5s' }, TypeError],
  ['storeTimeoutMs', { storeTimeoutMs: 0 }, RangeError],
])('a wrong %s of %j throws the error of its kind', (_option, options, kind) => {
  expect(() => createCache(options as never)).toThrow(kind);
});
