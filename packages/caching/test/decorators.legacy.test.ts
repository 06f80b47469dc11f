import { expect, it } from '@jest/globals';
import { cached, cachedHandle, createCache } from '../src/index.ts';
import { FaultyStore } from './doubles.ts';

class Rates {
  calls = 0;
  readonly factor: number;
  constructor(factor: number) {
    this.factor = factor;
  }

  @cached({ ttl: '300s' })
  async rate(of: number): Promise<number> {
    this.calls++;
    return of * this.factor;
  }
}

it('a decorated method calls through once for equal arguments, and keeps this, name and length', async () => {
  const rates = new Rates(2);
  expect(await Promise.all([rates.rate(3), rates.rate(3), rates.rate(4)])).toEqual([6, 6, 8]);
  expect(rates.calls).toBe(2);
  expect([rates.rate.name, rates.rate.length]).toEqual(['rate', 1]);
});

it('instances do not share results unless told to', async () => {
  expect([await new Rates(2).rate(3), await new Rates(10).rate(3)]).toEqual([6, 30]);
});

it('the handle of an instance forgets one result of that instance', async () => {
  const [one, two] = [new Rates(1), new Rates(1)];
  await one.rate(3);
  await two.rate(3);
  expect(await cachedHandle(one.rate, one).invalidate(3)).toBe(true);
  expect(await cachedHandle(one.rate, one).invalidate(3)).toBe(false);
  await one.rate(3);
  await two.rate(3);
  expect([one.calls, two.calls]).toEqual([2, 1]);
});

it('refuses a method that does not share results in a cache with stores', () => {
  const cache = createCache<number>({ stores: [new FaultyStore()] });
  expect(() => {
    class Wrong {
      @cached({ cache, name: 'wrong' })
      async method(): Promise<number> {
        return 1;
      }
    }
    return Wrong;
  }).toThrow("set scope: 'shared'");
});
