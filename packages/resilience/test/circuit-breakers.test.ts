import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { anyOutcomeIsHeard } from '../src/events.ts';
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

it('circuits that are open and not asked for leave their places to those that have still to learn', async () => {
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

it('asks a few others at most for their state to make room for a new key', async () => {
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

it('keeps a breaker while a call of it is under way: a dependency that fails slowly opens its circuit', async () => {
  const { breakers } = keyed({ max: 50, failureThreshold: 3 });
  let reached = 0;
  for (let round = 0; round < 20; round++) {
    const gate = deferred<never>();
    gate.promise.catch(() => {});
    const slow = breakers
      .execute('dead', () => {
        reached++;
        return gate.promise;
      })
      .catch(() => {});
    for (let other = 0; other < 60; other++) await breakers.execute(`other ${round} ${other}`, () => 'fine');
    gate.reject(new Error('down'));
    await slow;
  }
  expect([reached, breakers.for('dead').state, breakers.size]).toEqual([3, 'open', 50]);
  expect(breakers.stats()).toMatchObject({ calls: 1_220, successes: 1_200, failures: 3, rejections: 17 });
});

it('a failure that has just come in is not forgotten for keys that have none', async () => {
  const { breakers } = keyed({ max: 10, failureThreshold: 2 });
  for (let round = 0; round < 2; round++) {
    const gate = deferred<never>();
    gate.promise.catch(() => {});
    const slow = breakers.execute('dead', () => gate.promise).catch(() => {});
    for (let other = 0; other < 9; other++) await breakers.execute(`a ${round} ${other}`, () => 'fine');
    gate.reject(new Error('down'));
    await slow;
    for (let other = 0; other < 9; other++) await breakers.execute(`b ${round} ${other}`, () => 'fine');
  }
  expect(breakers.for('dead').state).toBe('open');
});

it('counts the calls of breakers that were forgotten in their midst, when all have one', async () => {
  const { breakers } = keyed({ max: 2 });
  const gate = deferred<never>();
  const calls = ['a', 'b', 'c', 'd'].map((key) => breakers.execute(key, () => gate.promise).catch(() => {}));
  expect([breakers.size, breakers.stats().calls]).toEqual([2, 4]);
  gate.reject(new Error('down'));
  await Promise.all(calls);
  for (const key of ['e', 'f', 'g', 'h']) await breakers.execute(key, () => 'fine');
  expect(breakers.stats()).toMatchObject({ calls: 8, failures: 4, successes: 4 });
});

it('circuits in the midst of a break that are asked for stay, whoever else comes', async () => {
  for (const newcomer of ['fine', 'down']) {
    const { breakers, fail, open, reached } = keyed({ max: 10 });
    const dead = Array.from({ length: 8 }, (_, each) => `dead ${each}`);
    await open(...dead);
    const before = reached();
    for (let round = 0; round < 20; round++) {
      for (const key of dead) await fail(key);
      if (newcomer === 'fine') await breakers.execute(`new ${round}`, () => 'fine');
      else await fail(`new ${round}`);
    }
    expect(reached() - before).toBe(newcomer === 'fine' ? 0 : 20);
  }
});

it('a circuit whose break is over goes before one that is closed', async () => {
  const { time, breakers, fail } = keyed({ openMs: [1_000, 5_000] });
  for (let call = 0; call < 2; call++) await fail('over');
  breakers.for('closed');
  time.now = 1_000;
  breakers.for('new');
  breakers.for('newer');
  expect(Object.keys(breakers.snapshot())).toEqual(['closed', 'new', 'newer']);
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

it('leaves nobody listening to outcomes when a listener of all keys has gone, or its keys have', async () => {
  const { breakers, time } = keyed({ max: 1 });
  const stop = breakers.on('success', () => {});
  expect(anyOutcomeIsHeard()).toBe(false);
  await breakers.execute('a', () => 1);
  await breakers.execute('b', () => 1);
  expect(anyOutcomeIsHeard()).toBe(true);
  await time.advance(120_000);
  stop();
  expect(anyOutcomeIsHeard()).toBe(false);
});
