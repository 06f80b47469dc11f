import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { circuitBreakers } from '../src/index.ts';
import { deferred, settle, VirtualClock } from './virtual-clock.ts';

const keyed = (options = {}) => {
  const time = new VirtualClock();
  const breakers = circuitBreakers({
    ...{ failureThreshold: 2, openMs: 10_000, max: 3, idleMs: 60_000, clock: time.clock },
    ...options,
  });
  let reached = 0;
  const fail = (key: string) =>
    breakers
      .execute(key, () => {
        reached++;
        return Promise.reject(new Error('down'));
      })
      .catch(() => {});
  const open = async (...keys: string[]) => {
    for (const key of keys) for (let call = 0; call < 2; call++) await fail(key);
  };
  return { time, breakers, fail, open, reached: () => reached };
};

const alternate = async (fail: (key: string) => Promise<unknown>): Promise<void> => {
  for (let call = 0; call < 200; call++) await fail(call % 2 === 0 ? 'a' : 'b');
};

it('forgets circuits that have opened and were not asked for since, once their break is over', async () => {
  const { time, breakers, fail, open, reached } = keyed();
  await open('d1', 'd2', 'd3');
  time.now = 86_400_000;
  const before = reached();
  await alternate(fail);
  expect(reached() - before).toBe(4);
  expect(Object.keys(breakers.snapshot()).sort()).toEqual(['a', 'b']);
});

it('circuits that are open leave half of the places to those that have still to learn', async () => {
  const { breakers, fail, open, reached } = keyed();
  await open('d1', 'd2', 'd3');
  const before = reached();
  await alternate(fail);
  expect(reached() - before).toBe(4);
  expect(breakers.size).toBe(3);
  expect(breakers.for('d3').state).toBe('open');
});

it('keeps an idle circuit in the midst of its break, and forgets it afterwards', async () => {
  const { time, breakers, open } = keyed({ idleMs: 1_000 });
  await open('down', 'down too');
  for (let call = 0; call < 3; call++) {
    time.now += 1_000;
    breakers.for('other');
  }
  expect(breakers.size).toBe(3);
  time.now = 10_000;
  for (let call = 0; call < 2; call++) breakers.for('other');
  expect(breakers.size).toBe(1);
});

it('an isolated circuit is forgotten neither for being idle nor for room', async () => {
  const { time, breakers, fail } = keyed();
  const handle = breakers.for('held').isolate();
  time.now = 86_400_000;
  for (let key = 0; key < 10; key++) {
    breakers.for(`idle ${key}`);
    for (let call = 0; call < 2; call++) await fail(`down ${key}`);
  }
  expect(breakers.for('held').state).toBe('isolated');
  handle.dispose();
  expect(breakers.for('held').state).toBe('closed');
});

it('a circuit that has closed again goes before one that is open', async () => {
  const { time, breakers, open } = keyed();
  await open('up again', 'down');
  time.now = 10_000;
  await breakers.execute('up again', () => 'fine');
  await open('down');
  for (const key of ['x', 'y', 'z']) breakers.for(key);
  expect(Object.keys(breakers.snapshot())).toEqual(['down', 'y', 'z']);
});

it('a breaker that was forgotten and is still in use disturbs nobody', async () => {
  const { breakers, open } = keyed({ max: 1 });
  const gate = deferred<never>();
  const old = breakers.for('old');
  const calls = [1, 2].map(() => old.execute(() => gate.promise).catch(() => {}));
  breakers.for('new');
  gate.reject(new Error('down'));
  await Promise.all(calls);
  expect(old.state).toBe('open');
  await open('new');
  await settle();
  expect([breakers.size, breakers.for('new').state]).toEqual([1, 'open']);
});

it('asks no other breaker for its state to make room for a new key', async () => {
  let looks = 0;
  const clock = () => {
    looks++;
    return 0;
  };
  const { breakers, open } = keyed({ max: 1_000, failureThreshold: 1, clock });
  for (let key = 0; key < 1_000; key++) await open(`down ${key}`);
  looks = 0;
  for (let key = 0; key < 100; key++) breakers.for(`new ${key}`);
  expect(looks).toBeLessThan(1_000);
});

type Step = { do: 'fail' | 'succeed' | 'ask' | 'isolate'; key: number } | { do: 'wait'; ms: number };
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constantFrom('fail' as const, 'succeed' as const, 'ask' as const, 'isolate' as const),
    key: fc.nat(7),
  }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 5_000, 10_000, 60_000) }),
);

it('for any use: no more than max, and the one used last is always kept', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 60 }),
      fc.integer({ min: 1, max: 5 }),
      async (steps, max) => {
        const { time, breakers, fail } = keyed({ max, failureThreshold: 1 });
        for (const each of steps) {
          if (each.do === 'wait') time.now += each.ms;
          else {
            const key = `${each.key}`;
            const breaker = breakers.for(key);
            if (each.do === 'fail') await fail(key);
            if (each.do === 'succeed') await breakers.execute(key, () => 1).catch(() => {});
            if (each.do === 'isolate') breaker.isolate();
            expect(breakers.for(key)).toBe(breaker);
          }
          expect(breakers.size).toBe(Object.keys(breakers.snapshot()).length);
          expect(breakers.size).toBeLessThanOrEqual(max);
        }
      },
    ),
    { numRuns: 200 },
  );
});
