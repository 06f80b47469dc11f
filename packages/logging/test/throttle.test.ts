import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { counters } from '../src/counters.ts';
import {
  CorrelationContext,
  configureLogging,
  createLogger,
  type Logger,
  type LoggerOptions,
  type ThrottleOptions,
} from '../src/index.ts';
import { type Capture, captured, noon } from './capture.ts';
import { ManualTime } from './manual-time.ts';

const throttled = (
  throttle: ThrottleOptions,
  options: Partial<LoggerOptions> = {},
): Capture & { logger: Logger; time: ManualTime; summaries(): unknown[]; written(): unknown[] } => {
  const time = new ManualTime(0);
  const seen = captured({
    level: 'silly',
    clock: () => noon + time.now,
    throttle: { monotonicClock: time.clock, schedule: time.later, ...throttle },
    ...options,
  });
  const told = (record: Record<string, unknown>): boolean => 'suppressed' in record || 'unwatched' in record;
  return {
    ...seen,
    time,
    summaries: () => seen.records().filter(told),
    written: () =>
      seen
        .records()
        .filter((record) => !told(record))
        .map(({ message }) => message),
  };
};

const times = (count: number, run: (at: number) => void): void => {
  for (let at = 0; at < count; at++) run(at);
};

it('writes the first few of a message, then every so manieth, then one line with count and times', () => {
  const { logger, records, time } = throttled({ dedupe: { first: 2, every: 3 }, intervalMs: 1_000 });
  times(9, (at) => {
    logger.warn('slow %s', at);
    time.pass(10);
  });
  expect(records().map(({ message }) => message)).toEqual(['slow 0', 'slow 1', 'slow 4', 'slow 7']);
  time.pass(1_000);
  expect(records().slice(4)).toEqual([
    {
      timestamp: '2026-01-02T12:00:01.000Z',
      level: 'warn',
      logger: 'test',
      message: 'slow %s',
      suppressed: 5,
      reason: 'dedupe',
      first: '2026-01-02T12:00:00.020Z',
      last: '2026-01-02T12:00:00.080Z',
    },
  ]);
});

it('goes by the message as given, the level and the logger, whatever the arguments are', () => {
  const { logger, written } = throttled({ dedupe: { first: 1, every: 0 } });
  const child = logger.child({ a: 1 });
  times(2, (at) => {
    logger.info('user %s', at);
    child.info('user %s', at);
    logger.debug('user %s', at);
    logger.info({ at }, 'fields first');
    logger.info({ message: 'inside', at });
    logger.error(new Error('boom'));
    logger.error(new Error('boom'), 'with a message');
    logger.info(`rendered ${at}`);
  });
  expect(written()).toEqual([
    'user 0',
    'user 0',
    'fields first',
    'inside',
    'boom',
    'with a message',
    'rendered 0',
    'rendered 1',
  ]);
});

it('begins anew with the next interval, by the clock when its timer is late', () => {
  const { logger, records, time } = throttled({ dedupe: { first: 1, every: 0 }, intervalMs: 100 });
  times(3, () => logger.info('m'));
  time.now = 150;
  logger.info('m');
  expect(records().map(({ message, suppressed }) => [message, suppressed])).toEqual([
    ['m', undefined],
    ['m', 2],
    ['m', undefined],
  ]);
  expect(time.waits).toEqual([]);
});

it('gives each message a budget a second, with a burst', () => {
  const { logger, written, time, summaries } = throttled({ rateLimit: { perSecond: 2, burst: 3 } });
  times(5, () => logger.info('a'));
  times(2, () => logger.info('b'));
  expect(written()).toEqual(['a', 'a', 'a', 'b', 'b']);
  time.pass(500);
  times(2, () => logger.info('a'));
  expect(written().slice(5)).toEqual(['a']);
  time.pass(10_000);
  expect(summaries()).toMatchObject([{ message: 'a', suppressed: 3, reason: 'rateLimit' }]);
});

it('keeps a spent budget into the next interval', () => {
  const { logger, written, time } = throttled({ rateLimit: { perSecond: 0.1 }, intervalMs: 1_000 });
  times(2, () => logger.info('a'));
  time.pass(1_500);
  logger.info('a');
  time.pass(8_500);
  logger.info('a');
  expect(written()).toEqual(['a', 'a']);
});

it('accounts for every call: what was written and what was told add up', () => {
  const levels = fc.constantFrom('error', 'warn', 'info', 'debug');
  const calls = fc.array(
    fc.record({
      level: levels,
      message: fc.constantFrom('a', 'b %s', 'c', 'd', 'e'),
      id: fc.option(fc.constantFrom('x', 'y', 'z'), { nil: undefined }),
      wait: fc.constantFrom(0, 0, 0, 3, 40, 300),
      flush: fc.boolean(),
    }),
    { maxLength: 80 },
  );
  const options = fc.record({
    sample: fc.option(fc.record({ rate: fc.double({ min: 0, max: 1, noNaN: true }) }), { nil: undefined }),
    rateLimit: fc.option(fc.record({ perSecond: fc.constantFrom(0.5, 5, 50) }), { nil: undefined }),
    dedupe: fc.option(
      fc.record({ first: fc.integer({ min: 1, max: 3 }), every: fc.integer({ min: 0, max: 4 }) }),
      {
        nil: undefined,
      },
    ),
    maxKeys: fc.integer({ min: 1, max: 6 }),
    intervalMs: fc.constantFrom(1, 50, 500),
  });
  fc.assert(
    fc.property(options, calls, (given, made) => {
      const before = counters.suppressed;
      const { logger, written, summaries, time } = throttled(given);
      for (const { level, message, id, wait, flush } of made) {
        const call = (): unknown => logger.log(level, message, 'x');
        if (id === undefined) call();
        else CorrelationContext.run({ correlationId: id }, call);
        if (flush && wait === 3) void logger.flush();
        time.pass(wait);
      }
      void logger.flush();
      const told = (summaries() as Array<{ suppressed?: number }>).reduce(
        (sum, { suppressed = 0 }) => sum + suppressed,
        0,
      );
      expect(written().length + told).toBe(made.length);
      expect(counters.suppressed - before).toBe(told);
      expect(time.waits).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

it('watches a bounded number of messages: the rest is not deduplicated, shares one budget, and is counted', () => {
  const { logger, written, summaries, time } = throttled({
    dedupe: { first: 1, every: 0 },
    rateLimit: { perSecond: 4 },
    maxKeys: 2,
  });
  times(10, (at) => logger.info(`m${at}`));
  logger.info('m0');
  expect(written()).toEqual(['m0', 'm1', 'm2', 'm3', 'm4', 'm5']);
  time.pass(10_000);
  expect(summaries()).toMatchObject([
    { message: 'more messages than throttle.maxKeys', unwatched: 8, reason: 'maxKeys' },
    { message: '(other messages)', suppressed: 4, reason: 'rateLimit' },
    { message: 'm0', suppressed: 1, reason: 'dedupe' },
  ]);
  logger.info('m9');
  expect(written()).toHaveLength(7);
});

it('publishes what it tells on a channel', () => {
  const seen: unknown[] = [];
  const listener = (event: unknown): void => void seen.push(event);
  const { logger, time, text } = throttled({ dedupe: { first: 1, every: 0 } });
  subscribe('agent4:logging:suppress', listener);
  times(3, () => logger.info('GET https://x.test/?token=s3cr3t'));
  time.pass(10_000);
  unsubscribe('agent4:logging:suppress', listener);
  expect(seen).toEqual([
    {
      logger: 'test',
      level: 'info',
      message: 'GET https://x.test/?token=[REDACTED]',
      reason: 'dedupe',
      suppressed: 2,
      first: '2026-01-02T12:00:00.000Z',
      last: '2026-01-02T12:00:00.000Z',
    },
  ]);
  expect(text.join('')).not.toContain('s3cr3t');
});

it('belongs to no request: neither its timer nor what it tells in the middle of one', () => {
  const scheduledIn: unknown[] = [];
  const { logger, records, time } = throttled({
    dedupe: { first: 1, every: 0 },
    schedule: () => {
      scheduledIn.push(CorrelationContext.current());
      return () => {};
    },
  });
  CorrelationContext.run({ correlationId: 'a' }, () => {
    times(2, () => logger.info('m'));
    time.now = 10_000;
    logger.info('next');
  });
  expect(scheduledIn).toEqual([undefined]);
  expect(records().map(({ message, correlationId }) => [message, correlationId])).toEqual([
    ['m', 'a'],
    ['m', undefined],
    ['next', 'a'],
  ]);
});

it('does not read the fields of a record that it holds back', () => {
  const { logger } = throttled({ dedupe: { first: 1, every: 0 } });
  let reads = 0;
  times(3, () =>
    logger.info('m', {
      get a() {
        return ++reads;
      },
    }),
  );
  expect(reads).toBe(1);
});

it('still tells when the level was raised above, the options were taken away, or the destination logs itself', () => {
  const time = new ManualTime(0);
  const { logger, records } = captured({
    destination: {
      write(line) {
        seen.push(line);
        if (seen.length < 20) logger.info('written');
      },
    },
  });
  const seen: string[] = [];
  const undo = configureLogging({
    throttle: { dedupe: { first: 1, every: 0 }, monotonicClock: time.clock, schedule: time.later },
  });
  times(3, () => logger.info('m'));
  undo();
  logger.level = 'error';
  time.pass(10_000);
  expect(records()).toEqual([]);
  const told = seen
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ suppressed }) => suppressed);
  expect(told).toMatchObject([
    { message: 'written', suppressed: expect.any(Number) },
    { message: 'm', suppressed: 2 },
  ]);
});

it.each<[string, Partial<ThrottleOptions>]>([
  [
    'random source that throws',
    {
      random: () => {
        throw new Error('no');
      },
    },
  ],
  [
    'clock that throws',
    {
      monotonicClock: () => {
        throw new Error('no');
      },
    },
  ],
  ['clock that gives no time', { monotonicClock: () => Number.NaN }],
])('writes all records with a %s', (_name, broken) => {
  const { logger, written } = throttled({ sample: { rate: 0.5 }, dedupe: { first: 9 }, ...broken });
  times(3, () => logger.info('m'));
  expect(written()).toEqual(['m', 'm', 'm']);
});

it('tells with the next flush when its timer cannot be set, or when it was configured away', async () => {
  const { logger, summaries } = throttled({
    dedupe: { first: 1, every: 0 },
    schedule: () => {
      throw new Error('no');
    },
  });
  times(3, () => logger.info('m'));
  const other = captured();
  const undo = configureLogging({ throttle: { dedupe: { first: 1, every: 0 }, schedule: () => () => {} } });
  times(3, () => other.logger.info('m'));
  undo();
  await other.logger.flush();
  expect(summaries()).toMatchObject([{ suppressed: 2 }]);
  expect(other.records()).toMatchObject([{ message: 'm' }, { suppressed: 2 }]);
});

it.each<[string, ThrottleOptions['schedule']]>([
  ['no function, as of setTimeout itself', () => ({}) as never],
  [
    'a function that throws',
    () => () => {
      throw new Error('no');
    },
  ],
])('survives a schedule whose answer is %s', async (_name, schedule) => {
  const { logger, summaries } = throttled({ dedupe: { first: 1, every: 0 }, schedule });
  times(3, () => logger.info('m'));
  await logger.flush();
  expect(summaries()).toMatchObject([{ suppressed: 2 }]);
});

it.each<[string, unknown, string]>([
  ['unknown option', { sampel: {} }, 'throttle has no option "sampel"; it knows sample, rateLimit'],
  ['rate', { sample: { rate: 1.5 } }, 'throttle.sample.rate must be a number from 0 to 1, got 1.5'],
  ['no rate', { sample: {} }, 'throttle.sample.rate must be a number from 0 to 1, got undefined'],
  [
    'rate of errors',
    { sample: { rate: 1, levels: { error: 0.5 } } },
    'must name levels less severe than warn (info, http, verbose, debug, silly), got error',
  ],
  ['rate of no level', { sample: { rate: 1, levels: { loud: 0.5 } } }, 'got loud'],
  ['rate of a level', { sample: { rate: 1, levels: { info: -1 } } }, 'throttle.sample.levels.info must be'],
  [
    'perSecond',
    { rateLimit: { perSecond: 0 } },
    'throttle.rateLimit.perSecond must be a number above 0, got 0',
  ],
  [
    'burst',
    { rateLimit: { perSecond: 1, burst: 0.5 } },
    'throttle.rateLimit.burst must be an integer >= 1, got 0.5',
  ],
  ['first', { dedupe: { first: 0 } }, 'throttle.dedupe.first must be an integer >= 1, got 0'],
  ['every', { dedupe: { every: -1 } }, 'throttle.dedupe.every must be an integer >= 0, got -1'],
  ['intervalMs', { intervalMs: 0 }, 'throttle.intervalMs must be'],
  ['maxKeys', { maxKeys: 0 }, 'throttle.maxKeys must be an integer >= 1, got 0'],
  ['random', { random: 0.5 }, 'throttle.random must be a function, got 0.5'],
  ['no object', true, 'throttle options must be an object, got true'],
])('refuses a wrong option: %s', (_name, throttle, message) => {
  expect(() => createLogger({ name: 'x', throttle: throttle as never })).toThrow(message);
  expect(() => configureLogging({ throttle: throttle as never })).toThrow(message);
});
