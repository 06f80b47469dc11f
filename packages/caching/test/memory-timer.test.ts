import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, expect, it, jest } from '@jest/globals';
import { createCache } from '../src/index.ts';
import { settle } from './doubles.ts';

afterEach(() => {
  jest.restoreAllMocks();
});

it('one timer, which holds no process, sees to all entries, and ends with them', async () => {
  const start = jest.spyOn(globalThis, 'setInterval');
  const end = jest.spyOn(globalThis, 'clearInterval');
  const cache = createCache<string>();
  await cache.setMany(
    Array.from({ length: 100 }, (_, at) => [`k${at}`, 'v'] as const),
    { ttl: '1h' },
  );
  expect(start).toHaveBeenCalledTimes(1);
  const timer = start.mock.results[0]!.value as NodeJS.Timeout;
  expect(timer.hasRef()).toBe(false);
  await cache.clear();
  expect(end).toHaveBeenCalledWith(timer);
});

it('entries without end need no timer', async () => {
  const start = jest.spyOn(globalThis, 'setInterval');
  await createCache<string>().set('k', 'v');
  expect(start).not.toHaveBeenCalled();
});

it('the timer does not hold a cache that nobody closed', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const start = jest
    .spyOn(globalThis, 'setInterval')
    .mockImplementation(() => ({ unref: () => {} }) as never);
  const forgotten = await (async () => {
    const cache = createCache<string>();
    await cache.set('k', 'v', { ttl: '1h' });
    return new WeakRef(cache);
  })();
  const tick = start.mock.calls[0]![0] as () => void;
  const end = jest.spyOn(globalThis, 'clearInterval');
  for (let turn = 0; turn < 20 && forgotten.deref() !== undefined; turn++) {
    await settle();
    collect();
  }
  expect(forgotten.deref()).toBeUndefined();
  tick();
  expect(end).toHaveBeenCalledTimes(1);
});

it('a wall clock that jumps changes nothing for what memory holds', async () => {
  let jumpMs = 0;
  const { now } = Date;
  jest.spyOn(Date, 'now').mockImplementation(() => now.call(Date) + jumpMs);
  const cache = createCache<string>({ ttl: '1h' });
  await cache.set('k', 'v');
  jumpMs = 2 * 3_600_000;
  expect(await cache.get('k')).toBe('v');
  jumpMs = -2 * 3_600_000;
  expect(await cache.getOrSetWithMeta('k', () => 'new')).toMatchObject({ value: 'v', stale: false });
});
