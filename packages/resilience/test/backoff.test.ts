import { describe, expect, it } from '@jest/globals';
import { ConstantBackoff, ExponentialBackoff, IterableBackoff, noJitterGenerator } from 'cockatiel';
import fc from 'fast-check';
import { type Jitter, type RetryPolicy, retry } from '../src/index.ts';

const delaysFor = async (options: RetryPolicy, attempts: number): Promise<number[]> => {
  const timers = {
    setTimeout: (callback: () => void) => queueMicrotask(callback),
    clearTimeout: () => {},
  };
  const policy = retry({ maxAttempts: attempts + 1, clock: () => 0, timers, ...options });
  const delays: number[] = [];
  policy.on('retry', ({ delayMs }) => delays.push(delayMs));
  await policy.execute(() => Promise.reject(new Error('no'))).catch(() => {});
  return delays;
};

describe('backoff', () => {
  it.each<[string, RetryPolicy, number[]]>([
    ['constant', { backoff: 'constant', jitter: 'none' }, [1_000, 1_000, 1_000, 1_000]],
    ['linear', { backoff: 'linear', jitter: 'none' }, [1_000, 2_000, 3_000, 4_000]],
    ['exponential', { jitter: 'none' }, [1_000, 2_000, 4_000, 8_000]],
    ['a factor of 3', { factor: 3, jitter: 'none', initialDelayMs: 100 }, [100, 300, 900, 2_700]],
    ['the cap', { maxDelayMs: 3_000, jitter: 'none' }, [1_000, 2_000, 3_000, 3_000]],
    ['a list, whose last entry stays', { backoff: [5, 10] }, [5, 10, 10, 10]],
    ['a function', { backoff: ({ attempt }) => attempt * 7 }, [7, 14, 21, 28]],
    [
      'a function that answers nonsense',
      { backoff: ({ attempt }) => [Number.NaN, -5, 3, Number.NaN][attempt - 1]! },
      [0, 0, 3, 0],
    ],
    ['a constant backoff of cockatiel', { backoff: new ConstantBackoff(40) }, [40, 40, 40, 40]],
    ['a list of cockatiel', { backoff: new IterableBackoff([1, 2, 3]) }, [1, 2, 3, 3]],
    [
      'an exponential backoff of cockatiel',
      { backoff: new ExponentialBackoff({ generator: noJitterGenerator, initialDelay: 10 }) },
      [10, 20, 40, 80],
    ],
    ['equal jitter at its least', { jitter: 'equal', random: () => 0 }, [500, 1_000, 2_000, 4_000]],
    ['equal jitter at its most', { jitter: 'equal', random: () => 1 }, [1_000, 2_000, 4_000, 8_000]],
    ['full jitter at its least', { jitter: 'full', random: () => 0 }, [0, 0, 0, 0]],
    ['full jitter half-way, the default', { random: () => 0.5 }, [500, 1_000, 2_000, 4_000]],
    [
      'decorrelated jitter at its least',
      { jitter: 'decorrelated', random: () => 0 },
      [1_000, 1_000, 1_000, 1_000],
    ],
    [
      'decorrelated jitter at its most',
      { jitter: 'decorrelated', random: () => 1 },
      [3_000, 9_000, 27_000, 30_000],
    ],
  ])('%s', async (_name, options, expected) => {
    expect(await delaysFor(options, expected.length)).toEqual(expected);
  });

  it('does not overflow in an endless exponential', async () => {
    const options: RetryPolicy = { factor: 10, jitter: 'none', maxDelayMs: 1e9 };
    const delays = await delaysFor(options, 1_100);
    expect(delays.slice(0, 2)).toEqual([1_000, 10_000]);
    expect(delays.slice(6)).toEqual(Array(1_094).fill(1e9));
    expect(await delaysFor({ ...options, initialDelayMs: 0 }, 1_100)).toEqual(Array(1_100).fill(0));
  });

  it('never waits less than zero or more than the cap, whatever the jitter and the random numbers', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom<Jitter>('none', 'full', 'equal', 'decorrelated'),
        fc.constantFrom('constant' as const, 'linear' as const, 'exponential' as const),
        fc.double({ min: 0, max: 1e6, noNaN: true }),
        fc.double({ min: 0, max: 1e6, noNaN: true }),
        fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
        async (jitter, backoff, initialDelayMs, maxDelayMs, randoms) => {
          const random = (): number => randoms.next().value as number;
          const delays = await delaysFor({ jitter, backoff, initialDelayMs, maxDelayMs, random }, 6);
          expect(delays).toHaveLength(6);
          for (const ms of delays) expect(ms >= 0 && ms <= maxDelayMs).toBe(true);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('starts a fresh series with each call', async () => {
    const policy = retry({ backoff: new IterableBackoff([0, 0, 0]), maxAttempts: 3 });
    const seen: number[] = [];
    policy.on('retry', ({ attempt }) => seen.push(attempt));
    for (let call = 0; call < 2; call++) await policy.execute(() => Promise.reject('no')).catch(() => {});
    expect(seen).toEqual([1, 2, 1, 2]);
  });
});
