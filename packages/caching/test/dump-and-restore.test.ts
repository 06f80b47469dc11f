import { expect, it } from '@jest/globals';
import { type CacheDump, createCache } from '../src/index.ts';
import { manualClock, settle } from './doubles.ts';

const make = (clock = manualClock(), options = {}) =>
  createCache<unknown>({ ttl: 1_000, memory: { policy: 'lru' }, clock: clock.now, ...options });

it('carries the entries used last over a restart, through JSON, with the times that are left', async () => {
  const clock = manualClock();
  const cache = make(clock, { grace: 500 });
  for (const key of ['a', 'b', 'c', 'd']) await cache.set(key, { key }, { tags: [key] });
  await cache.get('a');
  clock.advance(400);
  const dump = JSON.parse(JSON.stringify(cache.dump(3))) as CacheDump;
  expect(dump.entries.map(({ key }) => key)).toEqual(['a', 'd', 'c']);
  const next = make(clock, { grace: 500 });
  expect(next.restore(dump)).toBe(3);
  expect(next.dump().entries.map(({ key }) => key)).toEqual(['a', 'd', 'c']);
  expect(await next.getOrSetWithMeta('a', () => 'loaded')).toMatchObject({ value: { key: 'a' }, ageMs: 400 });
  await next.invalidateTags(['c']);
  expect(await next.has('c')).toBe(false);
  clock.advance(600);
  expect(await next.has('a')).toBe(false);
  const down = () => Promise.reject(new Error('down'));
  expect(await next.getOrSet('a', down)).toEqual({ key: 'a' });
});

it('takes up nothing that ran out, is void, of another schema, or older than what is there', async () => {
  const clock = manualClock();
  const cache = make(clock);
  await cache.set('short', 'v', { ttl: 10 });
  await cache.set('k', 'old', { tags: ['t'] });
  await cache.set('tagged', 'v', { tags: ['t'] });
  const dump = cache.dump();
  clock.advance(10);
  const next = make(clock);
  await next.set('k', 'new');
  await next.invalidateTags(['t']);
  expect(next.restore(dump)).toBe(0);
  expect(await next.get('k')).toBe('new');
  expect(make(clock, { schema: { version: 1 } }).restore(dump)).toBe(0);
  expect(make(clock).restore(dump)).toBe(2);
});

it('does not dump what is stale, and keeps ETag, sliding and undefined', async () => {
  const clock = manualClock();
  const cache = make(clock, { cacheUndefined: true, grace: '1h' });
  await cache.set('stale', 'v', { ttl: 1 });
  clock.advance(1);
  await cache.set('nothing', undefined);
  await cache.getOrSet('k', ({ setEtag }) => {
    setEtag('"1"');
    return 'v';
  });
  const next = make(clock, { cacheUndefined: true, grace: '1h' });
  expect(next.restore(JSON.parse(JSON.stringify(cache.dump())) as CacheDump)).toBe(2);
  expect([await next.has('nothing'), await next.has('stale')]).toEqual([true, false]);
  await next.expire('k');
  let seen: unknown;
  await next.getOrSet('k', ({ etag }) => {
    seen = etag;
    return 'v';
  });
  expect(seen).toBe('"1"');
});

it('is empty without memory, and refuses what is no dump', async () => {
  expect(make(undefined, { memory: false, stores: [new Map()] }).dump().entries).toEqual([]);
  for (const wrong of [null, {}, { a4: 2, at: 1, entries: [] }, { a4: 1, at: 1, entries: 'x' }, 'text'])
    expect(() => make().restore(wrong as never)).toThrow('restore() takes what dump() made');
  expect(
    make().restore({ a4: 1, at: 0, entries: [null, { key: 1 }, { key: 'k', record: { a4: 1 } }] as never }),
  ).toBe(0);
  const record = { a4: 1, v: 1, c: 1, t: null, s: 1 };
  const odd = [
    { key: 'k', keepMs: 'x', record },
    { key: 'k', keepMs: null, record: { ...record, s: 1e300 } },
  ];
  expect(make().restore({ a4: 1, at: 0, entries: odd } as never)).toBe(0);
  expect(() => make().dump(0)).toThrow('count must be an integer >= 1, got 0');
  await settle();
});

it('a dump has nothing that is void by a tag, and no value that is no data', async () => {
  const cache = make();
  await cache.set('void', 'v', { tags: ['t'] });
  await cache.set('lives', 'v', { tags: ['u'] });
  await cache.set('function', () => 'v');
  await cache.invalidateTags(['t']);
  expect(cache.dump().entries.map(({ key }) => key)).toEqual(['lives']);
});
