import { describe, expect, it } from '@jest/globals';
import { type Cache, createCache, memoryBus } from '../src/index.ts';
import { FaultyStore, manualClock, settle } from './doubles.ts';

/** Two processes, each with a store of its own in front of the one they share. */
const nodes = async (bus = memoryBus()) => {
  const shared = new FaultyStore();
  const near = [new FaultyStore(), new FaultyStore()] as const;
  const clock = manualClock();
  const make = (own: FaultyStore) =>
    createCache<string>({ stores: [own, shared], memory: false, bus, clock: clock.now });
  const [a, b] = near.map(make) as [Cache<string>, Cache<string>];
  await settle();
  return { a, b, near, shared, clock };
};

/** `b` has the value in its own store. */
const warmed = async (options: { tags?: string[] } = {}) => {
  const all = await nodes();
  await all.a.set('k', 'v1', options);
  await settle();
  expect(await all.b.get('k')).toBe('v1');
  await settle();
  expect(all.near[1].data.has('cache:k=k')).toBe(true);
  return all;
};

describe('a store of its own in front of a shared one, with a bus', () => {
  it.each([
    ['set', (cache: Cache<string>) => cache.set('k', 'v2'), 'v2'],
    ['delete', (cache: Cache<string>) => cache.delete('k'), undefined],
    ['expire', (cache: Cache<string>) => cache.expire('k'), undefined],
    ['clear', (cache: Cache<string>) => cache.clear(), undefined],
    ['invalidateTags', (cache: Cache<string>) => cache.invalidateTags(['t']), undefined],
  ] as const)('is not believed about what another process changed by %s', async (_name, change, expected) => {
    const { a, b } = await warmed({ tags: ['t'] });
    await change(a);
    await settle();
    expect(await b.get('k')).toBe(expected);
  });

  it('is believed again once it was filled from the shared one', async () => {
    const { a, b, shared } = await warmed();
    await a.set('k', 'v2');
    await settle();
    await b.get('k');
    await settle();
    shared.mode = 'failing';
    expect(await b.get('k')).toBe('v2');
  });

  it('is not believed about what may have been missed while the bus was lost, and again once filled', async () => {
    const shared = new FaultyStore();
    const own = new FaultyStore();
    const clock = manualClock();
    const make = (stores: FaultyStore[]) =>
      createCache<string>({ stores, memory: false, bus: memoryBus(), clock: clock.now });
    await make([own]).set('k', 'old');
    clock.advance(1);
    await make([shared]).set('k', 'new');
    const cache = make([own, shared]);
    await settle();
    expect(await cache.get('k')).toBe('new');
    await settle();
    shared.mode = 'failing';
    expect(await cache.get('k')).toBe('new');
  });

  it('a fill that failed leaves the doubt', async () => {
    const { a, b, near } = await warmed();
    await a.delete('k');
    await settle();
    await a.set('k', 'v2');
    await settle();
    near[1].mode = 'failing';
    expect(await b.get('k')).toBe('v2');
    await settle();
    near[1].mode = 'up';
    expect(await b.get('k')).toBe('v2');
  });

  it('stays in doubt while it has something newer than the shared one', async () => {
    const { a, b, shared, clock } = await nodes();
    await a.set('k', 'older');
    await settle();
    const older = shared.data.get('cache:k=k');
    clock.advance(1);
    await b.set('k', 'newer');
    await a.delete('k');
    await settle();
    shared.data.set('cache:k=k', older);
    expect(await b.get('k')).toBe('older');
    await settle();
    expect(await b.get('k')).toBe('older');
  });
});
