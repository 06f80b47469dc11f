import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { retry, timeout } from '../src/index.ts';
import { seededRandom, settle, VirtualClock } from '../src/testing.ts';
import { outcomeOf } from './virtual-clock.ts';

describe('VirtualClock', () => {
  it('fires timers in the order of their time, then of their setting, each at its own time', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(20), { maxLength: 20 }), async (delays) => {
        const time = new VirtualClock();
        const fired: [number, number][] = [];
        for (const [at, ms] of delays.entries()) time.timers.setTimeout(() => fired.push([time.now, at]), ms);
        await time.advance(20);
        const expected = delays.map((ms, at) => [ms, at]).sort((a, b) => a[0]! - b[0]! || a[1]! - b[1]!);
        expect(fired).toEqual(expected);
        expect(time.pending).toBe(0);
      }),
    );
  });

  it('lets promises settle between two timers, and fires what they set in the meantime', async () => {
    const time = new VirtualClock();
    const seen: string[] = [];
    time.timers.setTimeout(() => {
      void Promise.resolve().then(() => {
        seen.push(`promise at ${time.now}`);
        time.timers.setTimeout(() => seen.push(`inner at ${time.now}`), 3);
      });
    }, 1);
    time.timers.setTimeout(() => seen.push(`outer at ${time.now}`), 5);
    await time.advance(5);
    expect(seen).toEqual(['promise at 1', 'inner at 4', 'outer at 5']);
  });

  it('fires no timer before its time, and none that was cleared', async () => {
    const time = new VirtualClock();
    const fired: string[] = [];
    time.timers.setTimeout(() => fired.push('late'), 10);
    time.timers.clearTimeout(time.timers.setTimeout(() => fired.push('cleared'), 5));
    await time.advance(9.5);
    expect([fired, time.now]).toEqual([[], 9.5]);
    await time.advance(0.5);
    expect(fired).toEqual(['late']);
  });

  it('runAll passes just the time that it takes, and ends what never ends', async () => {
    const time = new VirtualClock();
    const call = retry({ ...time.time, initialDelayMs: 1_000, jitter: 'none' }).execute(() =>
      Promise.reject('no'),
    );
    const outcome = outcomeOf(call);
    await time.runAll();
    expect([outcome.error, time.now]).toEqual(['no', 3_000]);
    const again = (): unknown => time.timers.setTimeout(again, 1);
    again();
    await expect(time.runAll({ maxTimers: 50 })).rejects.toThrow('more than 50 timers fired and 1 are set');
  });

  it('serves a policy: a day-long time-out in no time', async () => {
    const time = new VirtualClock();
    const day = outcomeOf(
      timeout({ ...time.time, ms: 86_400_000 * 60 }).execute(() => new Promise(() => {})),
    );
    await time.advance(86_400_000 * 60 - 1);
    expect(day.status).toBe('pending');
    await time.advance(1);
    expect(day.status).toBe('rejected');
  });

  it('takes odd delays as Node does, save that 0 is 0', async () => {
    const time = new VirtualClock();
    const fired: number[] = [];
    for (const ms of [-5, Number.NaN, 0, 2 ** 31]) time.timers.setTimeout(() => fired.push(time.now), ms);
    await time.runAll();
    expect(fired).toEqual([0, 0, 0, 1]);
  });

  it('refuses a second advance at the same time, and time that runs backwards', async () => {
    const time = new VirtualClock();
    const first = time.advance(5);
    await expect(time.advance(5)).rejects.toThrow('the clock is advancing already');
    await first;
    await expect(time.advance(-1)).rejects.toThrow('ms must be a number of milliseconds >= 0, got -1');
    await expect(time.advance(Number.POSITIVE_INFINITY)).rejects.toThrow('ms must be');
    expect(time.now).toBe(5);
  });

  it('hands on what a timer throws, and can go on', async () => {
    const time = new VirtualClock();
    time.timers.setTimeout(() => {
      throw new Error('from the timer');
    }, 1);
    await expect(time.advance(2)).rejects.toThrow('from the timer');
    await time.advance(1);
    expect(time.now).toBe(2);
  });

  it('gives handles that may be unrefed', () => {
    const handle = new VirtualClock().timers.setTimeout(() => {}, 1) as { unref(): unknown };
    expect(handle.unref()).toBe(handle);
  });
});

it('settle waits for chains of promises, however long', async () => {
  let links = 0;
  const chain = async (): Promise<void> => {
    for (; links < 1_000; links++) await undefined;
  };
  void chain();
  await settle();
  expect(links).toBe(1_000);
});

describe('seededRandom', () => {
  it('gives the same numbers for the same seed and others for another', () => {
    const take = (seed: number): number[] => Array.from({ length: 5 }, seededRandom(seed));
    expect(take(7)).toEqual(take(7));
    expect(take(7)).not.toEqual(take(8));
  });

  it('gives numbers from 0 to below 1, evenly', () => {
    const random = seededRandom(1);
    const tenths = new Array<number>(10).fill(0);
    for (let at = 0; at < 100_000; at++) {
      const value = random();
      expect(value >= 0 && value < 1).toBe(true);
      tenths[Math.floor(value * 10)]!++;
    }
    for (const count of tenths) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  });

  it('refuses a seed that is no integer', () => {
    expect(() => seededRandom(0.5)).toThrow('seed must be an integer >= 0, got 0.5');
  });
});
