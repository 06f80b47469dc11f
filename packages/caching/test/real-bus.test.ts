// The buses on servers of this file's own, which die and come back.
import { afterAll, describe, expect, it } from '@jest/globals';
import KeyvRedis from '@keyv/redis';
import { Redis } from 'ioredis';
import pg from 'pg';
import { createClient } from 'redis';
import { type Bus, type Cache, createCache, type KeyvLike } from '../src/index.ts';
import { postgresBus } from '../src/postgres.ts';
import { redisBus } from '../src/redis.ts';
import { type OwnServer, ownPostgres, ownRedis } from './own-servers.ts';

interface Kind {
  own: () => Promise<OwnServer | undefined>;
  store: (server: OwnServer) => KeyvLike;
  bus: (server: OwnServer, closers: (() => unknown)[]) => Promise<Bus>;
}

const shared = new Map<string, unknown>();

const kinds: [string, Kind][] = [
  [
    'Redis through ioredis',
    {
      own: ownRedis,
      store: ({ url }) => new KeyvRedis(url),
      bus: async ({ port }, closers) => {
        const clients = [0, 1].map(() => new Redis(port, '127.0.0.1', { retryStrategy: () => 50 }));
        for (const client of clients) {
          client.on('error', () => {});
          closers.push(() => client.disconnect());
        }
        return redisBus({ publisher: clients[0]!, subscriber: clients[1]! });
      },
    },
  ],
  [
    'Redis through node-redis',
    {
      own: ownRedis,
      store: ({ url }) => new KeyvRedis(url),
      bus: async ({ url }, closers) => {
        const connect = async () => {
          const client = createClient({ url, socket: { reconnectStrategy: 50 } });
          client.on('error', () => {});
          closers.push(() => client.destroy());
          await client.connect();
          return client;
        };
        return redisBus({ publisher: await connect(), subscriber: await connect() });
      },
    },
  ],
  [
    'PostgreSQL through pg',
    {
      own: ownPostgres,
      // Not @keyv/postgres: its pool has no error listener, so the server's death would end the process.
      store: () => shared,
      bus: async ({ url }, closers) => {
        const pool = new pg.Pool({ connectionString: url, max: 1, query_timeout: 1_000 });
        pool.on('error', () => {});
        closers.push(() => pool.end());
        return postgresBus({
          pool,
          connect: async () => {
            const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 1_000 });
            client.on('error', () => {});
            await client.connect();
            return client;
          },
        });
      },
    },
  ],
];

const eventually = async (what: string, holds: () => boolean | Promise<boolean>): Promise<void> => {
  for (let attempt = 0; attempt < 300; attempt++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`never: ${what}`);
};

describe.each(kinds)('%s', (_name, kind) => {
  const closers: (() => unknown)[] = [];
  afterAll(async () => {
    for (const close of closers.reverse()) await close();
  }, 30_000);

  it('tells the other node of a change, also after the server died and came back', async () => {
    const server = await kind.own();
    if (server === undefined) {
      if (process.env['CI'] === 'true') throw new Error('the server must be installed in CI');
      return;
    }
    closers.push(() => server.remove());
    await server.start();
    const make = async (): Promise<Cache<string>> => {
      const bus = await kind.bus(server, closers);
      const cache = createCache<string>({
        namespace: 'bus',
        stores: [kind.store(server)],
        bus,
        storeTimeoutMs: 500,
        storeCooldown: { initialMs: 50, maxMs: 200 },
        storeRecovery: { retryMs: 50 },
      });
      closers.push(() => cache.close({ disconnect: true }));
      return cache;
    };
    const one = await make();
    await one.set('k', '1');
    const other = await make();
    const connected = () => [one, other].every((cache) => cache.stats().bus?.connected === true);
    await eventually('both listen', connected);
    expect(await other.get('k')).toBe('1');
    await one.set('k', '2');
    await eventually('the other hears of it', async () => (await other.get('k')) === '2');
    await one.setMany(Array.from({ length: 500 }, (_, at) => [`a key that is rather long:${at}`, 'v']));
    await eventually('a long message arrives', () => other.stats().bus!.received >= 2);

    await server.kill();
    await eventually('both know', () =>
      [one, other].every((cache) => cache.stats().bus?.connected === false),
    );
    await one.set('k', '3');
    await one.delete('a key that is rather long:1');
    await server.start();
    await eventually('both listen again', connected);
    await eventually('the other converges', async () => (await other.get('k')) === '3');
    await eventually(
      'a delete too',
      async () => (await other.get('a key that is rather long:1')) === undefined,
    );
    await eventually('nothing waits', () => one.stats().bus?.waiting === 0);
  }, 60_000);
});

it.each([
  [() => redisBus({} as never), 'publisher must be a node-redis or ioredis client'],
  [() => redisBus(undefined as never), 'publisher must be'],
  [
    () => redisBus({ publisher: { publish: async () => 0 } } as never),
    'subscriber must be a node-redis or ioredis',
  ],
  [() => postgresBus({} as never), 'pool must be a pg Pool or Client'],
  [() => postgresBus({ pool: { query: async () => 0 } } as never), 'connect must be a function'],
])('refuses what is no client: %s', (make, text) => {
  expect(make).toThrow(text);
});
