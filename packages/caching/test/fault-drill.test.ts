// Real servers that refuse, hang and die. Each is started by this file; nothing here needs REDIS_URL or DATABASE_URL.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import KeyvPostgres from '@keyv/postgres';
import KeyvRedis from '@keyv/redis';
import KeyvPostgres2 from 'keyv-postgres2';
import KeyvRedis5 from 'keyv-redis5';
import { Keyv as Keyv5 } from 'keyv5';
import { type Cache, createCache, type KeyvLike } from '../src/index.ts';
import { type OwnServer, ownPostgres, ownRedis } from './own-servers.ts';

const storeTimeoutMs = 200;
const loaderMs = 50;
/** What a busy machine may add. */
const slackMs = 400;

const load = () => new Promise<string>((resolve) => setTimeout(() => resolve('loaded'), loaderMs));

/** Without these the driver waits for a frozen server for good, and its socket keeps the process alive. */
const limits = { max: 3, query_timeout: 1_000, connectionTimeoutMillis: 1_000 };

const servers: [string, () => Promise<OwnServer | undefined>, (url: string) => KeyvLike, string][] = [
  ['Redis', ownRedis, (url) => new KeyvRedis(url), `new (await load('@keyv/redis'))(url)`],
  [
    'PostgreSQL',
    ownPostgres,
    (url) => new KeyvPostgres({ uri: url, table: 'drill', ...limits }),
    `new (await load('@keyv/postgres'))({ uri: url, table: 'drill', ...${JSON.stringify(limits)} })`,
  ],
  [
    'Redis with keyv 5',
    ownRedis,
    (url) => new Keyv5({ store: new KeyvRedis5(url), useKeyPrefix: false }) as never,
    `new (await load('keyv5'))({ store: new (await load('keyv-redis5'))(url), useKeyPrefix: false })`,
  ],
  [
    'PostgreSQL with keyv 5',
    ownPostgres,
    (url) =>
      new Keyv5({
        store: new KeyvPostgres2({ uri: url, table: 'drill', ...limits }),
        useKeyPrefix: false,
      }) as never,
    `new (await load('keyv5'))({
      store: new (await load('keyv-postgres2'))({ uri: url, table: 'drill', ...${JSON.stringify(limits)} }),
      useKeyPrefix: false,
    })`,
  ],
];

describe.each(servers)('%s', (name, own, storeAt, storeCode) => {
  let server: OwnServer;
  const caches: Cache<string>[] = [];
  const make = () => {
    const cache = createCache<string>({
      namespace: 'drill',
      stores: [storeAt(server.url)],
      storeTimeoutMs,
      memory: false,
      storeCooldown: { failures: 3, initialMs: 50, maxMs: 100 },
      storeRecovery: { retryMs: 50 },
    });
    caches.push(cache);
    return cache;
  };
  const timed = async (cache: Cache<string>, key: string): Promise<number> => {
    const started = performance.now();
    expect(await cache.getOrSet(key, load)).toBe('loaded');
    return performance.now() - started;
  };
  const recovered = async (cache: Cache<string>, failed: Promise<unknown>[]): Promise<void> => {
    await Promise.all(failed);
    for (let attempt = 0; attempt < 200; attempt++) {
      const [store] = cache.stats().stores;
      if (store?.missed === 0 && store.state === 'up') return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`${name} did not recover: ${JSON.stringify(cache.stats().stores)}`);
  };

  beforeEach(async () => {
    const found = await own();
    if (found === undefined) {
      if (process.env['CI'] === 'true') throw new Error(`${name} must be installed in CI`);
      return;
    }
    server = found;
  }, 30_000);
  afterEach(async () => {
    if (server !== undefined) {
      for (const cache of caches.splice(0)) await cache.close({ disconnect: true });
      await server.remove();
    }
  }, 30_000);
  afterAll(() => {
    if (server === undefined) console.warn(`${name} is not installed: its drills were skipped`);
  });

  it('refusing from the start: the first getOrSet answers in time, and every one after it', async () => {
    if (server === undefined) return;
    const cache = make();
    for (let at = 0; at < 6; at++)
      expect(await timed(cache, `k${at}`)).toBeLessThan(storeTimeoutMs + loaderMs + slackMs);
    expect(cache.stats().stores[0]?.errors).toBeGreaterThan(0);
  }, 30_000);

  it('hanging: calls answer in time, and what was acknowledged is there when it wakes up', async () => {
    if (server === undefined) return;
    await server.start();
    const cache = make();
    await cache.set('before', '1');
    await cache.set('changed', 'old');
    await cache.set('deleted', 'old');
    await cache.set('tagged', 'old', { tags: ['t'] });
    server.freeze();
    expect(await timed(cache, 'cold')).toBeLessThan(storeTimeoutMs + loaderMs + slackMs);
    await Promise.all([cache.set('changed', 'new'), cache.delete('deleted'), cache.invalidateTags(['t'])]);
    for (let at = 0; at < 4; at++)
      expect(await timed(cache, `k${at}`)).toBeLessThan(storeTimeoutMs + loaderMs + slackMs);
    server.thaw();
    await recovered(cache, []);
    const found = await make().getMany(['before', 'changed', 'deleted', 'tagged', 'cold', 'k0', 'k3']);
    expect([...found]).toEqual([
      ['before', '1'],
      ['changed', 'new'],
      ['cold', 'loaded'],
      ['k0', 'loaded'],
      ['k3', 'loaded'],
    ]);
    expect(cache.stats().stores[0]?.lost).toBe(0);
  }, 30_000);

  it('dying in the middle of calls: they answer in time, and nothing acknowledged is lost after the restart', async () => {
    if (server === undefined) return;
    await server.start();
    const cache = make();
    await cache.set('before', '1');
    await cache.set('changed', 'old');
    server.freeze();
    const calls = ['a', 'b', 'c'].map((key) => timed(cache, key));
    const write = cache.set('changed', 'new');
    await server.kill();
    for (const ms of await Promise.all(calls)) expect(ms).toBeLessThan(storeTimeoutMs + loaderMs + slackMs);
    await write;
    await cache.delete('gone');
    await cache.set('while down', 'v');
    await server.start();
    await recovered(cache, []);
    const found = await make().getMany(['before', 'changed', 'while down', 'a', 'b', 'c']);
    expect([...found]).toEqual([
      ['before', '1'],
      ['changed', 'new'],
      ['while down', 'v'],
      ['a', 'loaded'],
      ['b', 'loaded'],
      ['c', 'loaded'],
    ]);
  }, 60_000);

  it.each([
    ['refusing', async () => {}],
    [
      'hanging',
      async (own: OwnServer) => {
        await own.start();
        own.freeze();
      },
    ],
  ])(
    '%s: a process that closes its cache ends by itself',
    async (_how, prepare) => {
      if (server === undefined) return;
      await prepare(server);
      const source = new URL('../src/index.ts', import.meta.url).href;
      const code = `
      import { createCache } from ${JSON.stringify(source)};
      const load = async (name) => (await import(name)).default;
      const url = ${JSON.stringify(server.url)};
      const cache = createCache({ stores: [${storeCode}], storeTimeoutMs: 100, memory: false });
      console.log(await cache.getOrSet('k', () => 'answered'));
      await cache.set('k', 'v');
      await cache.close({ disconnect: true });
      console.log('closed');
    `;
      const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
        cwd: fileURLToPath(new URL('..', import.meta.url)),
        env: { ...process.env, NODE_OPTIONS: '' },
        timeout: 15_000,
      });
      let out = '';
      child.stdout.on('data', (chunk) => {
        out += String(chunk);
      });
      const status = await new Promise((resolve) => child.once('exit', resolve));
      expect([status, out.trim().split('\n')]).toEqual([0, ['answered', 'closed']]);
    },
    30_000,
  );
});
