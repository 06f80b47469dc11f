import { getEventListeners } from 'node:events';
import { afterEach, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type ChaosOptions, chaos, compose, InjectedFaultError, retry, timeout } from '../src/index.ts';
import { outcomeOf, settle, VirtualClock } from './virtual-clock.ts';

const before = process.env.NODE_ENV;
afterEach(() => {
  process.env.NODE_ENV = before;
});

const setUp = (options: Partial<ChaosOptions> = {}) => {
  const time = new VirtualClock();
  const policy = chaos({ rate: 1, name: 'drill', ...time.time, ...options });
  let calls = 0;
  const task = (): number => ++calls;
  return { time, policy, task };
};

it('fails in the call’s place', async () => {
  const { policy, task } = setUp({ fault: true });
  const error: unknown = await policy.execute(task).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(InjectedFaultError);
  expect({ ...(error as object) }).toEqual({ code: 'INJECTED_FAULT', policy: 'drill' });
  expect((error as Error).name).toBe('InjectedFaultError');
  expect((error as Error).message).toBe('"drill" made this call fail on purpose');
  expect(task()).toBe(1);
  expect(policy.stats()).toMatchObject({ failures: 1, rejections: 0 });
});

it('fails with what the function gives, a falsy one too', async () => {
  for (const fault of [new Error('mine'), undefined, 0]) {
    const { policy, task } = setUp({ fault: () => fault });
    await expect(policy.execute(task)).rejects.toBe(fault);
  }
});

it('answers in the call’s place', async () => {
  const { policy, task } = setUp({ outcome: ({ attempt }) => ({ status: 503, attempt }) });
  expect(await policy.execute(task as () => unknown)).toEqual({ status: 503, attempt: 1 });
  expect(task()).toBe(1);
});

it('makes the call wait, and an abort ends the wait at once', async () => {
  const { time, policy, task } = setUp({ latencyMs: 200 });
  const outcome = outcomeOf(policy.execute(task));
  await time.advance(199);
  expect(outcome.status).toBe('pending');
  await time.advance(1);
  expect(outcome).toEqual({ status: 'resolved', value: 1 });
  const controller = new AbortController();
  const aborted = outcomeOf(policy.execute(task, controller.signal));
  await time.advance(10);
  controller.abort('gone');
  await settle();
  expect(aborted).toEqual({ status: 'rejected', error: 'gone' });
  expect([time.pending, getEventListeners(controller.signal, 'abort').length]).toEqual([0, 0]);
  await time.advance(1_000);
  expect(task()).toBe(2);
});

it('first slow, then failing, when both strike', async () => {
  const { time, policy, task } = setUp({ latencyMs: [10, 30], fault: true, random: () => 0.5 });
  const kinds: unknown[] = [];
  policy.on('chaos', ({ kind, latencyMs }) => kinds.push([kind, latencyMs]));
  const outcome = outcomeOf(policy.execute(task));
  await time.advance(20);
  expect(outcome.error).toMatchObject({ code: 'INJECTED_FAULT' });
  expect(kinds).toEqual([
    ['latency', 20],
    ['fault', undefined],
  ]);
});

it('shows what the policies around it do', async () => {
  const time = new VirtualClock();
  const policy = compose(
    retry({ maxAttempts: 2, backoff: [0], idempotent: true, ...time.time }),
    timeout({ ms: 50, ...time.time }),
    chaos({ latencyMs: 1_000, rate: 1, ...time.time }),
  );
  const outcome = outcomeOf(policy.execute(() => 1));
  await time.advance(100);
  expect(outcome.error).toMatchObject({ code: 'TIMEOUT' });
  expect(time.pending).toBe(0);
});

it('strikes the same calls for the same seed, whatever its listeners and outcomes do', async () => {
  const struck = async (options: Partial<ChaosOptions>): Promise<string> => {
    const { policy, task } = setUp({ rate: { fault: 0.3, outcome: 0.2 }, ...options });
    let text = '';
    for (let n = 0; n < 200; n++)
      text += await policy.execute(task).then(
        (value) => (String(value) === 'odd' ? 'o' : '.'),
        () => 'x',
      );
    return text;
  };
  const kinds = { fault: true, outcome: () => 'odd' } as const;
  const first = await struck({ ...kinds, seed: 7 });
  expect(await struck({ ...kinds, seed: 7 })).toBe(first);
  expect(await struck({ ...kinds, seed: 8 })).not.toBe(first);
  const share = (letter: string): number => first.split(letter).length - 1;
  expect(share('x')).toBeGreaterThan(40);
  expect(share('x')).toBeLessThan(80);
  expect(share('o')).toBeGreaterThan(15);
});

it('asks enabled for each call; one that throws means no', async () => {
  let on = false;
  const { policy, task } = setUp({ fault: true, enabled: () => on });
  expect(await policy.execute(task)).toBe(1);
  on = true;
  await expect(policy.execute(task)).rejects.toThrow('on purpose');
  const broken = setUp({
    fault: true,
    enabled: () => {
      throw new Error('flags down');
    },
  });
  expect(await broken.policy.execute(broken.task)).toBe(1);
  expect(await setUp({ fault: true, enabled: false }).policy.execute(() => 'ok')).toBe('ok');
});

it('a random that throws or gives nonsense strikes nothing', async () => {
  for (const random of [
    () => {
      throw new Error('x');
    },
    () => Number.NaN,
  ])
    expect(await setUp({ fault: true, rate: 0.99, random }).policy.execute(() => 'ok')).toBe('ok');
});

it('rate 0 strikes never and rate 1 always', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(), async (seed) => {
      const never = setUp({ fault: true, rate: 0, seed });
      expect(await never.policy.execute(() => 'ok')).toBe('ok');
      const always = setUp({ fault: true, rate: 1, seed });
      await expect(always.policy.execute(() => 'ok')).rejects.toThrow('on purpose');
    }),
  );
});

it('refuses to be made in production unless told', () => {
  process.env.NODE_ENV = 'production';
  expect(() => setUp({ fault: true })).toThrow(
    'chaos "drill" refuses to run in production; allowInProduction: true overrides this',
  );
  expect(() => setUp({ fault: true, enabled: false })).toThrow('refuses to run in production');
  expect(() => setUp({ fault: true, allowInProduction: true })).not.toThrow();
});

it('a listener that throws does not touch the call', async () => {
  const { policy } = setUp({ outcome: () => 'odd' });
  policy.on('chaos', () => {
    throw new Error('mine');
  });
  expect(await policy.execute(() => 'even')).toBe('odd');
});

it.each<[object, string]>([
  [{ rate: 1 }, 'chaos needs at least one of latencyMs, fault, outcome'],
  [{ fault: true }, 'rate must be a number from 0 to 1, got undefined'],
  [{ fault: true, rate: 1.5 }, 'rate must be a number from 0 to 1, got 1.5'],
  [{ fault: true, rate: Number.NaN }, 'rate must be a number from 0 to 1, got NaN'],
  [{ fault: true, rate: {} }, 'rate.fault must be a number from 0 to 1, got undefined'],
  [
    { fault: true, rate: { fault: 1, latency: 1 } },
    'rate.latency is given, but nothing that it could strike',
  ],
  [{ fault: true, rate: { faults: 1 } }, 'rate has no option "faults"'],
  [{ fault: new Error('x'), rate: 1 }, 'fault must be a function, got an object'],
  [{ outcome: 5, rate: 1 }, 'outcome must be a function, got 5'],
  [{ latencyMs: -1, rate: 1 }, 'latencyMs must be a number of milliseconds >= 0, got -1'],
  [{ latencyMs: [5, 1], rate: 1 }, 'latencyMs[1] must be at least latencyMs[0] (5), got 1'],
  [{ latencyMs: [5], rate: 1 }, 'latencyMs must be a number of milliseconds or two, got an array'],
  [{ fault: true, rate: 1, enabled: 'yes' }, 'enabled must be true, false or a function, got "yes"'],
  [{ fault: true, rate: 1, seed: -1 }, 'seed must be an integer >= 0, got -1'],
  [{ fault: true, rate: 1, seed: 1, random: Math.random }, 'give one of seed and random, got both'],
  [{ fault: true, rate: 1, chance: 1 }, 'chaos has no option "chance"'],
])('refuses %j', (options, message) => {
  expect(() => chaos(options as never)).toThrow(message);
});
