import { expect, it } from '@jest/globals';
import { createCache } from '../src/index.ts';
import { type Deferred, deferred, settle } from './doubles.ts';

const start = (maxLoads: number, keys: string[]) => {
  const cache = createCache<string>({ maxLoads });
  const loads = new Map<string, Deferred<string>>();
  const leaving = new AbortController();
  const waits = keys.map((key) =>
    cache.getOrSet(
      key,
      () => {
        loads.set(key, deferred<string>());
        return loads.get(key)!.promise;
      },
      key === 'leaves' ? { signal: leaving.signal } : {},
    ),
  );
  return { cache, loads, leaving, waits };
};

it('maxLoads lets so many loaders run, the others in their order as those end', async () => {
  const { loads, waits } = start(2, ['a', 'b', 'c', 'd']);
  await settle();
  expect([...loads.keys()]).toEqual(['a', 'b']);
  loads.get('b')!.reject(new Error('down'));
  await expect(waits[1]).rejects.toThrow('down');
  await settle();
  expect([...loads.keys()]).toEqual(['a', 'b', 'c']);
  loads.get('a')!.resolve('A');
  await settle();
  expect([...loads.keys()]).toEqual(['a', 'b', 'c', 'd']);
  for (const key of ['c', 'd']) loads.get(key)!.resolve(key);
  expect(await Promise.all([waits[0], waits[2], waits[3]])).toEqual(['A', 'c', 'd']);
});

it('who leaves while waiting for a turn takes none', async () => {
  const { cache, loads, leaving, waits } = start(1, ['a', 'leaves', 'c']);
  await settle();
  leaving.abort(new Error('gone'));
  await expect(waits[1]).rejects.toThrow('gone');
  loads.get('a')!.resolve('A');
  await settle();
  expect([...loads.keys()]).toEqual(['a', 'c']);
  loads.get('c')!.resolve('C');
  await waits[2];
  expect(await cache.getOrSet('leaves', () => 'later')).toBe('later');
});

it('close() ends the wait for a turn', async () => {
  const { cache, loads, waits } = start(1, ['a', 'b']);
  const ends = Promise.allSettled(waits);
  await settle();
  await cache.close();
  expect((await ends).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  loads.get('a')!.resolve('A');
  await settle();
  expect([...loads.keys()]).toEqual(['a']);
});

it('without maxLoads all cold keys load at once', async () => {
  const cache = createCache<number>();
  let running = 0;
  const most = Promise.all(
    Array.from({ length: 2_000 }, (_, at) =>
      cache.getOrSet(`k${at}`, async () => {
        running++;
        await settle();
        return running;
      }),
    ),
  );
  expect(Math.max(...(await most))).toBe(2_000);
});

it.each([0, 1.5, -1, null, '5'])('refuses %p as maxLoads', (maxLoads) => {
  expect(() => createCache({ maxLoads: maxLoads as never })).toThrow('maxLoads must be an integer >= 1');
});
