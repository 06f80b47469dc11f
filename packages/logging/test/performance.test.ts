import { describe, expect, it } from '@jest/globals';
import { createPerformanceLogger, type PerformanceLogger } from '../src/index.ts';
import { type Capture, capture } from './capture.ts';

const timed = (slowMs?: number): Capture & { logger: PerformanceLogger; pass(ms: number): void } => {
  const seen = capture();
  let now = 0;
  const logger = createPerformanceLogger({
    name: 'perf',
    destination: seen.destination,
    slowMs,
    monotonicClock: () => now,
  });
  return {
    ...seen,
    logger,
    pass: (ms) => {
      now += ms;
    },
  };
};

describe('time', () => {
  it('logs duration and outcome, and gives the result', () => {
    const { logger, records, pass } = timed();
    expect(
      logger.time(
        'op',
        () => {
          pass(1.5);
          return 7;
        },
        { fields: { rows: 2 } },
      ),
    ).toBe(7);
    expect(records()[0]).toMatchObject({
      level: 'info',
      message: 'op',
      rows: 2,
      durationMs: 1.5,
      outcome: 'ok',
    });
  });

  it('waits for a promise', async () => {
    const { logger, records, pass } = timed();
    const done = logger.time('op', async () => {
      await null;
      pass(3);
      return 'x';
    });
    expect(records()).toEqual([]);
    await expect(done).resolves.toBe('x');
    await null;
    expect(records()[0]).toMatchObject({ durationMs: 3, outcome: 'ok' });
  });

  it.each(['sync', 'async'])(
    'logs a failure as a warning and passes it on by identity (%s)',
    async (kind) => {
      const { logger, records } = timed();
      const boom = new Error('boom');
      const fail =
        kind === 'sync'
          ? (): never => {
              throw boom;
            }
          : (): Promise<never> => Promise.reject(boom);
      await expect((async () => logger.time('op', fail))()).rejects.toBe(boom);
      expect(records()[0]).toMatchObject({ level: 'warn', outcome: 'error', error: { message: 'boom' } });
    },
  );

  it('warns from the slow threshold on, the call’s own before the logger’s', () => {
    const { logger, records, pass } = timed(10);
    for (const ms of [9, 10]) logger.time('op', () => pass(ms));
    logger.time('op', () => pass(10), { slowMs: 20 });
    expect(records().map(({ level, slow }) => [level, slow])).toEqual([
      ['info', undefined],
      ['warn', true],
      ['info', undefined],
    ]);
  });

  it('calls the `then` of a query builder once, which runs the query', async () => {
    const { logger, records } = timed();
    for (const way of ['time', 'span'] as const) {
      let runs = 0;
      const query: PromiseLike<number> = {
        // biome-ignore lint/suspicious/noThenProperty: what query builders are made of
        then: (...on) => {
          runs++;
          return Promise.resolve(7).then(...on);
        },
      };
      const rows: Promise<number> = logger[way]('query', () => query);
      await expect(rows).resolves.toBe(7);
      expect(runs).toBe(1);
    }
    expect(records().map(({ message, outcome }) => [message, outcome])).toEqual([
      ['query', 'ok'],
      ['query', 'ok'],
    ]);
  });

  it('gives back what cannot be asked for its `then`', () => {
    const { logger, records } = timed();
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(logger.time('op', () => proxy) === proxy).toBe(true);
    expect(records()[0]).toMatchObject({ outcome: 'ok' });
  });

  it('loses no result to a clock, a random source or fields that throw', () => {
    const seen = capture();
    const fail = (): never => {
      throw new Error('broken');
    };
    const logger = createPerformanceLogger({
      name: 'perf',
      destination: seen.destination,
      monotonicClock: fail,
      random: fail,
      sampleFast: 0.5,
    });
    const fields = new Proxy({}, { ownKeys: fail });
    expect(logger.time('op', () => 7, { fields })).toBe(7);
    expect(logger.start('op').end(fields)).toBe(0);
    expect(seen.records()).toMatchObject([
      { message: 'op', durationMs: 0, outcome: 'ok' },
      { message: 'op', durationMs: 0, outcome: 'ok' },
    ]);
  });

  it.each<[string, unknown[], string]>([
    ['no function', ['op'], 'fn must be a function, got undefined'],
    [
      'an unknown option',
      ['op', () => 1, { slowms: 5 }],
      'time has no option "slowms"; it knows fields, slowMs',
    ],
    ['no options', ['op', () => 1, null], 'time options must be an object, got null'],
  ])('refuses %s before anything is measured', (_what, args, message) => {
    const { logger, records } = timed();
    for (const way of ['time', 'span'] as const)
      expect(() => Reflect.apply(logger[way], logger, args)).toThrow(new TypeError(message));
    expect(records()).toEqual([]);
  });

  it('works taken off its logger, and on a child', () => {
    const { logger, records } = timed();
    const { time } = logger;
    time('a', () => 1);
    logger.child({ part: 'p' }).time('b', () => 1);
    expect(records().map(({ message, part }) => [message, part])).toEqual([
      ['a', undefined],
      ['b', 'p'],
    ]);
  });
});

describe('start', () => {
  it('ends once, by end, fail or its block', () => {
    const { logger, records, pass } = timed();
    const timer = logger.start('op');
    pass(2);
    expect(timer.end({ rows: 1 })).toBe(2);
    pass(2);
    expect(timer.fail(new Error('late'))).toBe(2);
    timer[Symbol.dispose]();
    logger.start('block')[Symbol.dispose]();
    expect(records().map(({ message, durationMs, rows }) => [message, durationMs, rows])).toEqual([
      ['op', 2, 1],
      ['block', 0, undefined],
    ]);
  });
});

describe('stats', () => {
  it('tells percentiles to one per cent', () => {
    const { logger, pass } = timed();
    for (let ms = 1; ms <= 100; ms++) logger.time('op', () => pass(ms));
    const { op } = logger.stats();
    expect([op!.count, op!.errors, op!.minMs]).toEqual([100, 0, 1]);
    for (const [found, exact] of [
      [op!.p50Ms, 50],
      [op!.p95Ms, 95],
      [op!.p99Ms, 99],
      [op!.maxMs, 100],
      [op!.meanMs, 50.5],
    ])
      expect(Math.abs(found! / exact! - 1)).toBeLessThanOrEqual(0.01);
  });

  it('puts names past the 500th into one', () => {
    const { logger } = timed();
    for (let at = 0; at < 510; at++) logger.time(`op ${at}`, () => 1);
    expect(logger.stats()['(others)']!.count).toBe(10);
  });
});

it('refuses a threshold that is no duration', () => {
  expect(() => timed(-1)).toThrow(new RangeError('slowMs must be a number >= 0, got -1'));
});
