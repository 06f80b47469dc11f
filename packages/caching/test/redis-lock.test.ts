// Four processes on one Redis, which this file starts.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import KeyvRedis from '@keyv/redis';
import { Redis } from 'ioredis';
import { type RedisCommands, redisLock } from '../src/redis.ts';
import { type OwnServer, ownRedis } from './own-servers.ts';

let server: OwnServer | undefined;
let adapter: KeyvRedis<unknown>;

beforeAll(async () => {
  server = await ownRedis();
  if (server === undefined) {
    if (process.env['CI'] === 'true') throw new Error('Redis must be installed in CI');
    console.warn('Redis is not installed: the lock was not tested');
    return;
  }
  await server.start();
  adapter = new KeyvRedis(server.url);
}, 30_000);
afterAll(async () => {
  await adapter?.disconnect();
  await server?.remove();
});

/** A process that loads a key once it is told to, and tells what happens, a line each. */
const worker = (key: string, loadMs: number, leaseMs: number): ChildProcess & { lines: string[] } => {
  const code = `
    import { createCache } from ${JSON.stringify(new URL('../src/index.ts', import.meta.url).href)};
    import { redisLock } from ${JSON.stringify(new URL('../src/redis.ts', import.meta.url).href)};
    import KeyvRedis from '@keyv/redis';
    const adapter = new KeyvRedis(${JSON.stringify(server!.url)});
    const client = await adapter.getClient();
    const cache = createCache({
      namespace: 'processes', stores: [adapter], lock: redisLock(client), lockLeaseMs: ${leaseMs}, lockWaitMs: 20_000,
    });
    process.once('message', async () => {
      const value = await cache.getOrSet(${JSON.stringify(key)}, async () => {
        process.send('loading');
        await new Promise((resolve) => setTimeout(resolve, ${loadMs}));
        return 'loaded by ' + process.pid;
      });
      process.send(value);
      await cache.close({ disconnect: true });
    });
    process.send('ready');
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    env: { ...process.env, NODE_OPTIONS: '' },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const lines: string[] = [];
  child.on('message', (line) => lines.push(String(line)));
  return Object.assign(child, { lines });
};

const said = async (child: ChildProcess & { lines: string[] }, what: string): Promise<void> => {
  while (!child.lines.includes(what)) await once(child, 'message');
};

it('four processes load a cold key once', async () => {
  if (server === undefined) return;
  const all = Array.from({ length: 4 }, () => worker('cold', 300, 10_000));
  await Promise.all(all.map((child) => said(child, 'ready')));
  const ended = all.map((child) => once(child, 'exit'));
  for (const child of all) child.send('go');
  await Promise.all(ended);
  const loaders = all.filter(({ lines }) => lines.includes('loading'));
  expect(loaders).toHaveLength(1);
  expect(new Set(all.map(({ lines }) => lines.at(-1)))).toEqual(new Set([`loaded by ${loaders[0]!.pid}`]));
}, 40_000);

it('a holder that is killed is followed by the next one, when its lease has ended', async () => {
  if (server === undefined) return;
  const first = worker('killed', 60_000, 1_000);
  const rest = Array.from({ length: 3 }, () => worker('killed', 50, 1_000));
  await Promise.all([first, ...rest].map((child) => said(child, 'ready')));
  first.send('go');
  await said(first, 'loading');
  const ended = rest.map((child) => once(child, 'exit'));
  for (const child of rest) child.send('go');
  first.kill('SIGKILL');
  await Promise.all(ended);
  expect(rest.flatMap(({ lines }) => lines).filter((line) => line === 'loading')).toHaveLength(1);
  expect(new Set(rest.map(({ lines }) => lines.at(-1))).size).toBe(1);
}, 40_000);

describe.each([
  ['node-redis', async () => (await adapter.getClient()) as unknown as RedisCommands, async () => {}],
  [
    'ioredis',
    async () => new Redis(server!.port, '127.0.0.1') as unknown as RedisCommands,
    async (client: RedisCommands) => (client as unknown as Redis).disconnect(),
  ],
] as const)('redisLock over %s', (name, connect, end) => {
  it('is held by one, given up by its token alone, and counts its holders', async () => {
    if (server === undefined) return;
    const client = await connect();
    const lock = redisLock(client, { prefix: `test:${name}:` });
    const first = await lock.acquire('k', 10_000);
    expect(await lock.acquire('k', 10_000)).toBeUndefined();
    await lock.release('k', { token: 'somebody', fence: 1 });
    expect(await lock.acquire('k', 10_000)).toBeUndefined();
    expect(await lock.holds('k', first!)).toBe(true);
    await lock.release('k', first!);
    const second = await lock.acquire('k', 10_000);
    expect(second!.fence).toBe(first!.fence + 1);
    expect([await lock.holds('k', first!), await lock.holds('k', second!)]).toEqual([false, true]);
    await end(client);
  });
});

it.each([[null], [{}], ['redis://localhost']])('redisLock refuses %j', (client) => {
  expect(() => redisLock(client as never)).toThrow('client must be a node-redis or ioredis client');
});
