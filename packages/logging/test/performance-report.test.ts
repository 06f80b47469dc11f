import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  CorrelationContext,
  createPerformanceLogger,
  type IntervalTimers,
  type PerformanceLoggerOptions,
} from '../src/index.ts';
import { watchEventLoop, watchGc } from '../src/loop-watch.ts';
import { capture } from './capture.ts';

/** Intervals that fire when the test says so. */
class ManualTimers implements IntervalTimers {
  readonly running = new Map<object, { fn: () => void; ms: number; unref: boolean }>();

  setInterval(fn: () => void, ms: number): unknown {
    const handle = {
      unref: () => {
        this.running.get(handle)!.unref = true;
      },
    };
    this.running.set(handle, { fn, ms, unref: false });
    return handle;
  }

  clearInterval(handle: object): void {
    this.running.delete(handle);
  }

  tick(): void {
    for (const { fn } of this.running.values()) fn();
  }
}

const open: Array<() => void> = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});

const reporting = (options: Partial<PerformanceLoggerOptions> = {}) => {
  const seen = capture();
  const timers = new ManualTimers();
  const clock = { now: 1_000 };
  const logger = createPerformanceLogger({
    name: 'perf',
    destination: seen.destination,
    monotonicClock: () => clock.now,
    timers,
    reportEveryMs: 60_000,
    sampleFast: 0,
    ...options,
  });
  open.push(() => logger.close());
  const take = () => {
    const records = seen.records();
    seen.text.length = 0;
    return records;
  };
  return { logger, timers, clock, take };
};

it('writes a record for each operation of the interval, and none for an idle one', () => {
  const { logger, timers, clock, take } = reporting();
  for (const ms of [1, 2, 3])
    logger.time('query', () => {
      clock.now += ms;
    });
  logger.time('render', () => 1);
  clock.now = 61_000;
  timers.tick();
  expect(take()).toMatchObject([
    {
      level: 'info',
      message: 'timings',
      operation: 'query',
      periodMs: 60_000,
      count: 3,
      errors: 0,
      unlogged: 3,
      minMs: 1,
      p99Ms: expect.closeTo(3, 1),
    },
    { operation: 'render', count: 1 },
  ]);
  logger.time('query', () => 1);
  timers.tick();
  expect(take()).toMatchObject([{ operation: 'query', count: 1, periodMs: 0 }]);
  timers.tick();
  expect(take()).toEqual([]);
  expect(logger.stats().query!.count).toBe(4);
});

it('keeps no process alive, and stops with the logger after a last report', () => {
  const { logger, timers, take } = reporting({ reportEveryMs: 500 });
  expect([...timers.running.values()]).toMatchObject([{ ms: 500, unref: true }]);
  logger.time('query', () => 1);
  logger.close();
  expect(take()).toMatchObject([{ operation: 'query' }]);
  expect(timers.running.size).toBe(0);
  logger.time('query', () => 1);
  logger.report();
  logger.close();
  expect(take()).toEqual([]);
});

it('reports at flush, of a child too, and when it is asked to', async () => {
  const { logger, take } = reporting();
  logger.time('one', () => 1);
  await logger.child({ part: 'p' }).flush();
  expect(take()).toMatchObject([{ operation: 'one' }]);
  logger.time('two', () => 1);
  logger.report();
  expect(take()).toMatchObject([{ operation: 'two' }]);
});

it('carries no request’s ids', () => {
  const { logger, timers, take } = CorrelationContext.run({ correlationId: 'c' }, () => reporting());
  CorrelationContext.run({ correlationId: 'd' }, () => {
    logger.time('one', () => 1);
    logger.report();
  });
  logger.time('two', () => 1);
  timers.tick();
  for (const record of take()) expect(record).not.toHaveProperty('correlationId');
});

it('forgets all on reset', () => {
  const { logger, take } = reporting();
  logger.time('one', () => 1);
  logger.reset();
  logger.report();
  expect(take()).toEqual([]);
  expect(logger.stats()).toEqual(Object.create(null));
});

it('does nothing of the kind unless it is asked for', () => {
  const { logger, timers, take } = reporting({ reportEveryMs: undefined });
  logger.time('one', () => 1);
  logger.report();
  expect([take(), timers.running.size]).toEqual([[], 0]);
});

it('adds no listener for each logger', () => {
  reporting();
  const before = process.listenerCount('exit');
  const made = [...Array(20)].map(() => reporting());
  expect([made.length, process.listenerCount('exit')]).toEqual([20, before]);
});

describe('eventLoop and gc', () => {
  it('are in the report', () => {
    const { timers, take } = reporting({ eventLoop: true, reportEveryMs: undefined });
    expect([...timers.running.values()]).toMatchObject([{ ms: 60_000 }]);
    timers.tick();
    const [record] = take();
    expect(record).toMatchObject({ message: 'event loop', periodMs: 0 });
    expect(record!.utilization).toBeGreaterThanOrEqual(0);
    expect(record!.utilization).toBeLessThanOrEqual(1);
  });

  it('tell how late the loop was, without the wait between two looks', () => {
    const calls: string[] = [];
    const delays = {
      count: 1,
      max: 95_500_000,
      percentile: (share: number) => (share === 50 ? 19_900_000 : 20_000_000 + share * 10_000),
      enable: () => calls.push('enable'),
      disable: () => calls.push('disable'),
      reset: () => calls.push('reset'),
    };
    const watch = watchEventLoop(delays);
    expect(watch.take()).toMatchObject({
      delayP50Ms: 0,
      delayP95Ms: 0.95,
      delayP99Ms: 0.99,
      delayMaxMs: 75.5,
    });
    delays.count = 0;
    expect(Object.keys(watch.take()!)).toEqual(['utilization']);
    watch.stop();
    expect(calls).toEqual(['enable', 'reset', 'reset', 'disable']);
  });

  it('count collections and their time, and are silent without any', () => {
    const durations = [1.5, 0.25];
    let stopped = 0;
    const watch = watchGc({
      take: () => durations.splice(0).map((duration) => ({ duration }) as never),
      stop: () => {
        stopped++;
      },
    });
    expect(watch.take()).toEqual({ count: 2, totalMs: 1.75, maxMs: 1.5 });
    expect(watch.take()).toBeUndefined();
    watch.stop();
    expect(stopped).toBe(1);
  });
});

describe('at the end of the process', () => {
  const entry = fileURLToPath(new URL('../dist/index.js', import.meta.url));
  it.each(['process.exit(3)', 'throw new Error("end")', ''])('the last report is written: %s', (end) => {
    const { NODE_OPTIONS: _jest, ...env } = process.env;
    const script = `import * as l from ${JSON.stringify(entry)};
      l.appLogger.info('first');
      const perf = l.createPerformanceLogger({ name: 'perf', reportEveryMs: 60000, sampleFast: 0, eventLoop: true, gc: true });
      perf.time('query', () => 1);
      ${end}`;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      env,
      encoding: 'utf8',
    });
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.map(({ message }) => message).slice(0, 3)).toEqual(['first', 'timings', 'event loop']);
    expect(lines[1]).toMatchObject({ operation: 'query', count: 1, unlogged: 1 });
  });
});

it.each<[object, string]>([
  [{ sampleFast: 1.5 }, 'sampleFast must be a number from 0 to 1, got 1.5'],
  [{ sampleFast: Number.NaN }, 'sampleFast must be a number from 0 to 1, got NaN'],
  [{ reportEveryMs: 0 }, 'reportEveryMs must be an integer of milliseconds from 1 to 2147483647, got 0'],
  [
    { reportEveryMs: 3e9 },
    'reportEveryMs must be an integer of milliseconds from 1 to 2147483647, got 3000000000',
  ],
  [{ eventLoop: 'yes' }, 'eventLoop must be true or false, got yes'],
  [{ gc: 1 }, 'gc must be true or false, got 1'],
  [{ generateSpanId: 'id' }, 'generateSpanId must be a function, got id'],
  [{ timers: null }, 'timers must have setInterval(), got null'],
  [{ random: 0.5 }, 'random must be a function, got 0.5'],
  [{ monotonicClock: 5 }, 'monotonicClock must be a function, got 5'],
])('refuses %j', (options, message) => {
  expect(() => reporting(options)).toThrow(message);
});
