import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import KeyvPostgres from '@keyv/postgres';
import KeyvRedis from '@keyv/redis';
import { type Cache, createCache, type KeyvLike } from '../src/index.ts';

const namespace = `agent4-test-${randomUUID()}`;
const { REDIS_URL, DATABASE_URL } = process.env;

const conformance = (makeStore: () => KeyvLike): void => {
  const caches: Cache<unknown>[] = [];
  const make = (memory = true) => {
    const cache = createCache<unknown>({
      namespace,
      stores: [makeStore()],
      storeTimeoutMs: 5_000,
      ...(memory ? {} : { memory: false }),
    });
    caches.push(cache);
    return cache;
  };
  afterAll(async () => {
    for (const cache of caches) await cache.close({ disconnect: true });
  });

  it('what one process writes another reads, voids and deletes', async () => {
    const [writer, reader] = [make(), make(false)];
    await writer.setMany(
      [
        ['a', { n: 1 }],
        ['b', null],
        ['__proto__', 'p'],
      ],
      { ttl: '1m', tags: ['t'] },
    );
    await writer.set('k\0\ud800', 'odd', { ttl: '1m' });
    expect(await reader.getMany(['a', 'b', '__proto__', 'none'])).toEqual(
      new Map<string, unknown>([
        ['a', { n: 1 }],
        ['b', null],
        ['__proto__', 'p'],
      ]),
    );
    expect(await reader.get('k\0\ud800')).toBe('odd');
    expect([await writer.delete('b'), await reader.has('b')]).toEqual([true, false]);
    await writer.invalidateTags(['t']);
    expect(await reader.has('a')).toBe(false);
    await writer.clear();
    expect(await reader.has('k\0\ud800')).toBe(false);
    await writer.set('a', 'again', { ttl: '1m' });
    expect(await reader.get('a')).toBe('again');
    for (const key of ['a', '__proto__', 'k\0\ud800']) await writer.delete(key);
    expect([writer.stats().stores[0]?.errors, reader.stats().stores[0]?.errors]).toEqual([0, 0]);
  });
};

(REDIS_URL ? describe : describe.skip)('Redis through @keyv/redis (skipped without REDIS_URL)', () => {
  conformance(() => new KeyvRedis(REDIS_URL));
  // The marks of clear and of tags have no end.
  afterAll(async () => {
    const adapter = new KeyvRedis(REDIS_URL);
    await adapter.deleteMany([`${namespace}:cleared`, `${namespace}:t=t`]);
    await adapter.disconnect();
  });
});

(DATABASE_URL ? describe : describe.skip)(
  'PostgreSQL through @keyv/postgres (skipped without DATABASE_URL)',
  () => {
    const table = `agent4_test_${namespace.replaceAll('-', '_').slice(-20)}`;
    // The adapter creates its table when made; two at once race in PostgreSQL, so one goes first.
    beforeAll(async () => {
      await new KeyvPostgres({ uri: DATABASE_URL!, table }).get('first');
    });
    conformance(() => new KeyvPostgres({ uri: DATABASE_URL!, table }));
    afterAll(async () => {
      const adapter = new KeyvPostgres({ uri: DATABASE_URL!, table });
      await adapter['query'](`DROP TABLE IF EXISTS "${table}"`);
      await adapter.disconnect();
    });
  },
);
