import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { Keyv } from 'keyv';
import { Keyv as Keyv5 } from 'keyv5';
import { createCache, type KeyvLike, type StoreError } from '../src/index.ts';
import { FaultyStore, manualClock, settle } from './doubles.ts';

const wrappings: [string, (store: FaultyStore) => KeyvLike][] = [
  ['a bare adapter', (store) => store],
  ['a keyv 6 Keyv', (store) => new Keyv({ store })],
  ['a keyv 5 Keyv', (store) => new Keyv5({ store: store as never }) as KeyvLike],
];

describe.each(wrappings)('a store that is down, as %s', (_name, wrapped) => {
  it.each(['failing', 'hanging'] as const)('%s from the first call on: every call answers', async (mode) => {
    const store = new FaultyStore();
    store.mode = mode;
    const cache = createCache<string>({ stores: [wrapped(store)], storeTimeoutMs: 10 });
    const errors: string[] = [];
    cache.on('store-error', ({ error }) => errors.push((error as StoreError).code));
    expect(await cache.getOrSet('k', () => 'v')).toBe('v');
    expect(await cache.get('k')).toBe('v');
    await cache.set('k', 'v2');
    expect(await cache.get('k')).toBe('v2');
    await cache.clear();
    await cache.close();
    const code = mode === 'failing' ? 'CACHE_STORE_FAILED' : 'CACHE_STORE_TIMEOUT';
    expect(new Set(errors)).toEqual(new Set([code]));
    expect(cache.stats().stores[0]).toMatchObject({
      errors: 3,
      timeouts: mode === 'hanging' ? 3 : 0,
      hits: 0,
    });
  });

  it('dying after a good start: a failed read is an error, not only a miss', async () => {
    const store = new FaultyStore();
    const cache = createCache<string>({ stores: [wrapped(store)], memory: false });
    await cache.set('k', 'v');
    expect(await cache.get('k')).toBe('v');
    store.mode = 'failing';
    expect(await cache.get('k')).toBeUndefined();
    expect(cache.stats().stores[0]).toMatchObject({ hits: 1, errors: 1 });
  });
});

describe('the cool-down', () => {
  it('skips the store after failures in a row, for a growing time, then lets one probe through', async () => {
    const clock = manualClock();
    const store = new FaultyStore();
    const cache = createCache<string>({
      stores: [store],
      memory: false,
      clock: clock.now,
      storeCooldown: { failures: 2, initialMs: 100, maxMs: 150 },
    });
    const pauses: number[] = [];
    let recovered = 0;
    cache.on('store-cooldown', ({ coolDownMs }) => pauses.push(coolDownMs));
    cache.on('store-recovered', () => recovered++);
    await cache.set('k', 'v');
    store.mode = 'failing';
    const callsIn = async (times: number) => {
      const before = store.calls;
      for (let at = 0; at < times; at++) await cache.delete('other');
      return store.calls - before;
    };
    expect(await callsIn(5)).toBe(2);
    clock.advance(99);
    expect(await callsIn(3)).toBe(0);
    clock.advance(1);
    expect(await callsIn(3)).toBe(1);
    clock.advance(149);
    expect(await callsIn(1)).toBe(0);
    clock.advance(1);
    store.mode = 'up';
    expect(await cache.get('k')).toBe('v');
    expect(pauses).toEqual([100, 150]);
    expect(recovered).toBe(1);
    expect(cache.stats().stores[0]?.state).toBe('up');
  });

  it('is replaced by a policy that is handed in', async () => {
    const store = new FaultyStore();
    store.mode = 'failing';
    let executed = 0;
    const cache = createCache<string>({
      stores: [store],
      memory: false,
      storePolicy: {
        execute: (fn) => {
          executed++;
          return fn();
        },
      },
    });
    for (let at = 0; at < 5; at++) await cache.delete('k');
    expect([executed, store.calls]).toEqual([5, 5]);
  });

  it('does not count a value that cannot be written against the store', async () => {
    const cache = createCache<unknown>({ stores: [new Keyv()], storeCooldown: { failures: 1 } });
    const cyclic: Record<string, unknown> = {};
    cyclic['self'] = cyclic;
    await cache.set('k', cyclic);
    expect(await cache.get('k')).toBe(cyclic);
    expect(cache.stats().stores[0]).toMatchObject({ errors: 1, state: 'up' });
  });
});

describe('what a store holds', () => {
  it.each(['set', 'delete'] as const)(
    'an old value does not come back after a %s the store did not get',
    async (change) => {
      const store = new FaultyStore();
      const cache = createCache<string>({
        stores: [store],
        memory: { maxEntries: 1 },
        storeRecovery: false,
      });
      await cache.set('k', 'old');
      store.mode = 'failing';
      if (change === 'set') await cache.set('k', 'newer');
      else await cache.delete('k');
      store.mode = 'up';
      await cache.set('pushes k out of memory', 'v');
      expect(await cache.get('k')).toBeUndefined();
      expect(await cache.getOrSet('k', () => 'loaded')).toBe('loaded');
    },
  );

  it('something that is not ours is a miss, an error once, and removed', async () => {
    const keyv = new Keyv();
    const cache = createCache<string>({ stores: [keyv], memory: false });
    await cache.set('k', 'v');
    await keyv.set('cache:k=k', 'not an entry');
    expect(await cache.get('k')).toBeUndefined();
    await settle();
    expect(await keyv.has('cache:k=k')).toBe(false);
    expect(await cache.get('k')).toBeUndefined();
    expect(cache.stats().stores[0]?.errors).toBe(1);
  });

  it('an entry of a later release is a miss and left alone', async () => {
    const keyv = new Keyv();
    const cache = createCache<string>({ stores: [keyv], memory: false });
    await keyv.set('cache:k=k', { a4: 2, whatever: true });
    expect(await cache.get('k')).toBeUndefined();
    expect(await keyv.has('cache:k=k')).toBe(true);
  });

  it('two stores: the nearer one is filled from the farther one', async () => {
    const near = new FaultyStore();
    const far = new FaultyStore();
    await createCache<string>({ stores: [far] }).set('k', 'v');
    const cache = createCache<string>({ stores: [near, far], memory: false });
    expect(await cache.getOrSetWithMeta('k', () => 'loaded')).toMatchObject({
      value: 'v',
      source: 'store:1',
    });
    await settle();
    expect(await cache.getOrSetWithMeta('k', () => 'loaded')).toMatchObject({
      value: 'v',
      source: 'store:0',
    });
  });
});

it('refuses a store that is none, when the cache is made', () => {
  expect(() => createCache({ stores: [{} as never] })).toThrow(
    'stores[0] must be a Keyv or a Keyv storage adapter',
  );
});

it('a process with an open cache and a hanging store can exit', () => {
  const source = new URL('../src/index.ts', import.meta.url).href;
  const code = `
    const { createCache } = await import(${JSON.stringify(source)});
    const hang = () => new Promise(() => {});
    const cache = createCache({ stores: [{ get: hang, set: hang, delete: hang, has: hang, clear: hang, opts: {} }], storeTimeoutMs: 20 });
    console.log(await cache.getOrSet('k', () => 'answered', { ttl: '1h' }));
  `;
  const run = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    encoding: 'utf8',
    timeout: 10_000,
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  expect([run.status, run.stdout.trim()]).toEqual([0, 'answered']);
});
