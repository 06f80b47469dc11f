import { expect, it } from '@jest/globals';
import { createCache } from '../src/index.ts';
import { readOptions } from '../src/settings/settings.ts';
import { FaultyStore, settle } from './doubles.ts';

const tooLong = 2 ** 32;

it('a pause longer than a timer can hold is cut, so that it does not become one of a millisecond', () => {
  const { cooldown, graceBackoffMs, storeTimeoutMs, loaderTimeoutMs } = readOptions({
    storeCooldown: { initialMs: tooLong, maxMs: Number.POSITIVE_INFINITY },
    graceBackoffMs: tooLong,
    storeTimeoutMs: tooLong,
    loaderTimeoutMs: tooLong,
  });
  for (const ms of [cooldown.initialMs, cooldown.maxMs, graceBackoffMs, storeTimeoutMs, loaderTimeoutMs])
    expect(ms).toBe(2 ** 31 - 1);
});

it('time limits longer than a timer can hold end no wait, and warn of no overflow', async () => {
  const warnings: Error[] = [];
  const hear = (warning: Error) => warnings.push(warning);
  process.on('warning', hear);
  try {
    const cache = createCache<string>({
      stores: [new FaultyStore()],
      storeTimeoutMs: tooLong,
      loaderTimeoutMs: tooLong,
      ttl: tooLong,
      grace: tooLong,
    });
    const value = await cache.getOrSet('k', async () => {
      // Two turns of the timers: a limit that had overflowed would have ended the wait by now.
      await new Promise((resolve) => setTimeout(resolve, 2));
      return 'v';
    });
    await settle();
    expect(value).toBe('v');
    expect(await cache.get('k')).toBe('v');
    expect(warnings.filter(({ name }) => name === 'TimeoutOverflowWarning')).toEqual([]);
  } finally {
    process.off('warning', hear);
  }
});
