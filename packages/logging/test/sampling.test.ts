import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Logger } from '../src/index.ts';
import { CorrelationContext, configureLogging, type LoggerOptions } from '../src/index.ts';
import { shareOf } from '../src/sampling.ts';
import { type Capture, captured } from './capture.ts';
import { ManualTime } from './manual-time.ts';

const sampling = (
  sample: { rate: number; levels?: Record<string, number> },
  options: Partial<LoggerOptions> = {},
  random: () => number = () => 0,
): Capture & { logger: Logger; time: ManualTime } => {
  const time = new ManualTime(0);
  const throttle = { sample, random, monotonicClock: time.clock, schedule: time.later };
  return { ...captured({ level: 'silly', throttle, ...options }), time };
};

const written = (records: Array<Record<string, unknown>>): unknown[] =>
  records.filter(({ suppressed }) => suppressed === undefined).map(({ message }) => message);

it('writes all lines of a unit of work or none, in every logger and service, for any ids', () => {
  fc.assert(
    fc.property(
      fc.string({ minLength: 1 }),
      fc.option(fc.string({ minLength: 1 }), { nil: undefined }),
      (correlationId, traceId) => {
        const one = sampling({ rate: 0.5 });
        const other = sampling({ rate: 0.5 }, { name: 'other service' });
        const ids = traceId === undefined ? { correlationId } : { correlationId, traceId };
        CorrelationContext.run(ids, () => {
          for (let at = 0; at < 5; at++) one.logger.info('m');
          // What is known later, and runs inside, change nothing.
          CorrelationContext.set({ traceId: `${traceId} and more` });
          CorrelationContext.run({ part: 1 }, () => one.logger.debug('m'));
          other.logger.info('m');
        });
        // Another hop of the same trace has another correlation id.
        if (traceId !== undefined)
          CorrelationContext.run({ correlationId: `${correlationId} hop`, traceId }, () =>
            other.logger.info('m'),
          );
        const hops = traceId === undefined ? 1 : 2;
        const expected = shareOf(traceId ?? correlationId) < 0.5;
        expect(written(one.records())).toHaveLength(expected ? 6 : 0);
        expect(written(other.records())).toHaveLength(expected ? hops : 0);
      },
    ),
  );
});

it('spreads ids evenly, even those that differ in one place', () => {
  const buckets = new Array<number>(10).fill(0);
  for (let at = 0; at < 20_000; at++) buckets[Math.floor(shareOf(`req-${at}`) * 10)]!++;
  for (const count of buckets) expect(Math.abs(count - 2_000)).toBeLessThan(200);
});

it('places an id as other services do', () => {
  // Worked out by another program from the description in docs/throttling.md.
  expect(shareOf('')).toBeCloseTo(0.668922, 6);
  expect(shareOf('4bf92f3577b34da6a3ce929d0e0e4736')).toBeCloseTo(0.881445, 6);
});

it('never samples out errors and warnings, nor a context with a level of its own', () => {
  const { logger, records } = sampling({ rate: 0 });
  CorrelationContext.run({ correlationId: 'a' }, () => {
    for (const level of ['error', 'warn', 'info', 'debug']) logger.log(level, level);
    CorrelationContext.withLevel('debug', () => logger.debug('wanted'));
  });
  expect(written(records())).toEqual(['error', 'warn', 'wanted']);
});

it('asks the random source outside of every context', () => {
  const rolls = [0.05, 0.1, 0.99, 0];
  const { logger, records } = sampling({ rate: 0.1 }, {}, () => rolls.shift()!);
  for (const message of ['a', 'b', 'c', 'd']) logger.info(message);
  expect(written(records())).toEqual(['a', 'd']);
});

it('has rates by level, of which the lower keeps a part of what the higher keeps', () => {
  const { logger, records } = sampling({ rate: 0.8, levels: { debug: 0.2 } });
  for (let at = 0; at < 500; at++)
    CorrelationContext.run({ correlationId: `${at}` }, () => {
      logger.info('i', { at });
      logger.debug('d', { at });
    });
  const of = (message: string): unknown[] =>
    records()
      .filter((each) => each.message === message)
      .map(({ at }) => at);
  expect(Math.abs(of('i').length - 400)).toBeLessThan(50);
  expect(Math.abs(of('d').length - 100)).toBeLessThan(50);
  for (const at of of('d')) expect(of('i')).toContain(at);
});

it('tells what it held back, by level, outside of the context of the last one', () => {
  const { logger, records, time } = sampling({ rate: 0, levels: { debug: 0.000_001 } });
  CorrelationContext.run({ correlationId: 'a' }, () => {
    logger.info('i');
    logger.debug('d');
    logger.child({ part: 1 }).info('i');
  });
  time.pass(10_000);
  expect(records()).toEqual([
    expect.objectContaining({
      level: 'info',
      message: 'records sampled out',
      suppressed: 2,
      reason: 'sample',
    }),
    expect.objectContaining({
      level: 'debug',
      message: 'records sampled out',
      suppressed: 1,
      reason: 'sample',
    }),
  ]);
  for (const record of records()) expect(record).not.toHaveProperty('correlationId');
});

it('is configured for all loggers at once; one with `throttle: false` is left out', () => {
  const one = captured();
  const other = captured({ throttle: false });
  const undo = configureLogging({
    throttle: { sample: { rate: 0 }, schedule: new ManualTime(0).later },
  });
  for (const { logger } of [one, other]) logger.info('m');
  undo();
  for (const { logger } of [one, other]) logger.info('n');
  expect([written(one.records()), written(other.records())]).toEqual([['n'], ['m', 'n']]);
});

it('knows the severe levels of other sets', () => {
  const syslog = { emerg: 0, alert: 1, crit: 2, error: 3, warning: 4, notice: 5, info: 6, debug: 7 };
  const { text, ...seen } = captured();
  const { logger } = captured({
    destination: seen.destination,
    level: 'debug' as never,
    levels: syslog,
    throttle: { sample: { rate: 0 }, schedule: new ManualTime(0).later },
  });
  for (const level of Object.keys(syslog)) logger.log(level, level);
  expect(text).toHaveLength(6);
});
