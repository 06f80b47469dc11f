import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import KeyvPostgres from '@keyv/postgres';
import KeyvRedis from '@keyv/redis';
import KeyvSqlite from '@keyv/sqlite';
import KeyvPostgres2 from 'keyv-postgres2';
import KeyvRedis5 from 'keyv-redis5';
import { Keyv as Keyv5 } from 'keyv5';
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

const redisAdapters: [string, () => KeyvLike][] = [
  ['@keyv/redis 6.0.0-rc.1, keyv 6', () => new KeyvRedis(REDIS_URL)],
  ['@keyv/redis 5.1, keyv 6', () => new KeyvRedis5(REDIS_URL)],
  [
    '@keyv/redis 5.1, keyv 5',
    () => new Keyv5({ store: new KeyvRedis5(REDIS_URL), useKeyPrefix: false }) as never,
  ],
];

(REDIS_URL ? describe : describe.skip).each(redisAdapters)(
  '%s (skipped without REDIS_URL)',
  (_name, make) => {
    conformance(make);
    // The marks of clear and of tags have no end.
    afterAll(async () => {
      const adapter = new KeyvRedis(REDIS_URL);
      await adapter.deleteMany([`${namespace}:cleared`, `${namespace}:t=t`]);
      await adapter.disconnect();
    });
  },
);

const postgresAdapters: [string, string, (table: string) => KeyvLike][] = [
  ['@keyv/postgres 6.0.0-beta.4, keyv 6', 'beta', (table) => new KeyvPostgres({ uri: DATABASE_URL!, table })],
  ['@keyv/postgres 2.2, keyv 6', 'two', (table) => new KeyvPostgres2({ uri: DATABASE_URL!, table })],
  [
    '@keyv/postgres 2.2, keyv 5',
    'five',
    (table) =>
      new Keyv5({ store: new KeyvPostgres2({ uri: DATABASE_URL!, table }), useKeyPrefix: false }) as never,
  ],
];

(DATABASE_URL ? describe : describe.skip).each(postgresAdapters)(
  '%s (skipped without DATABASE_URL)',
  (_name, suffix, make) => {
    const table = `agent4_test_${namespace.replaceAll('-', '_').slice(-20)}_${suffix}`;
    // The adapter creates its table when made; two at once race in PostgreSQL, so one goes first.
    beforeAll(async () => {
      await make(table).get('first');
    });
    conformance(() => make(table));
    afterAll(async () => {
      const adapter = new KeyvPostgres({ uri: DATABASE_URL!, table });
      await adapter['query'](`DROP TABLE IF EXISTS "${table}"`);
      await adapter.disconnect();
    });
  },
);

describe('@keyv/sqlite 6.0.0-beta.4, keyv 6', () => {
  const folder = mkdtempSync(join(tmpdir(), 'agent4-sqlite-'));
  conformance(() => new KeyvSqlite({ uri: `sqlite://${join(folder, 'cache.sqlite')}` }));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
});
