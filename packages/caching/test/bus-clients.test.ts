// Clients as their own packages make and type them: none of these is connected, and none is cast.
import { expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { Redis as Redis5 } from 'ioredis5';
import pg from 'pg';
import { createClient, createCluster } from 'redis';
import { createClient as createClient4 } from 'redis4';
import { createClient as createClient5 } from 'redis5';
import { type PostgresListener, type PostgresQueries, postgresBus } from '../src/postgres.ts';
import { redisBus, redisLock } from '../src/redis.ts';

it('redisBus takes the clients of node-redis 4, 5 and 6', () => {
  const four = createClient4();
  const five = createClient5();
  const six = createClient();
  for (const bus of [
    redisBus({ publisher: four, subscriber: four.duplicate() }),
    redisBus({ publisher: five, subscriber: five.duplicate() }),
    redisBus({ publisher: six, subscriber: six.duplicate() }),
  ])
    expect(bus).toEqual({ publish: expect.any(Function), subscribe: expect.any(Function) });
});

it('redisBus takes a cluster of node-redis to publish, and one of its clients to listen', () => {
  const publisher = createCluster({ rootNodes: [{ url: 'redis://127.0.0.1' }] });
  expect(() => redisBus({ publisher, subscriber: createClient() })).not.toThrow();
});

it('redisBus takes the clients of ioredis 5 and 6', () => {
  const five = new Redis5({ lazyConnect: true });
  const six = new Redis({ lazyConnect: true });
  for (const bus of [
    redisBus({ publisher: five, subscriber: five.duplicate() }),
    redisBus({ publisher: six, subscriber: six.duplicate() }),
  ])
    expect(bus).toEqual({ publish: expect.any(Function), subscribe: expect.any(Function) });
});

it('redisLock takes the clients of node-redis 4, 5 and 6 and of ioredis 5 and 6', () => {
  for (const lock of [
    redisLock(createClient4()),
    redisLock(createClient5()),
    redisLock(createClient()),
    redisLock(new Redis5({ lazyConnect: true })),
    redisLock(new Redis({ lazyConnect: true })),
  ])
    expect(lock.acquire).toEqual(expect.any(Function));
});

it('postgresBus takes a Pool or a Client of pg to send, and a new Client to listen', () => {
  const connect = async () => {
    const client = new pg.Client();
    await client.connect();
    return client;
  };
  for (const bus of [
    postgresBus({ pool: new pg.Pool(), connect }),
    postgresBus({ pool: new pg.Client(), connect: async () => new pg.Client() }),
  ])
    expect(bus.maxBytes).toBe(7_900);
});

it('postgresBus takes doubles of the least it asks for', () => {
  const pool: PostgresQueries = { query: async () => [] };
  const client: PostgresListener = {
    query: async () => [],
    on: () => {},
    end: async () => {},
  };
  expect(postgresBus({ pool, connect: async () => client }).maxBytes).toBe(7_900);
});
