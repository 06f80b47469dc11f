import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  CorrelationContext,
  createPerformanceLogger,
  type PerformanceLoggerOptions,
  type SlowEvent,
} from '../src/index.ts';
import { capture } from './capture.ts';

const timed = (options: Partial<PerformanceLoggerOptions> = {}) => {
  const seen = capture();
  const clock = { now: 0 };
  let last = 0;
  const logger = createPerformanceLogger({
    name: 'perf',
    destination: seen.destination,
    monotonicClock: () => clock.now,
    generateSpanId: () => spanId(++last),
    ...options,
  });
  return { ...seen, logger, clock };
};

const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
const spanId = (at: number): string => String(at).padStart(16, '0');

describe('a span', () => {
  it('is a child of the span around it, and everything inside carries its id', async () => {
    const { logger, records } = timed();
    const result = await CorrelationContext.run(
      { correlationId: 'c', traceId: trace, spanId: 'aaaaaaaaaaaaaaaa' },
      () =>
        logger.span('outer', async () => {
          logger.info('before');
          const inner = await logger.span('inner', async () => {
            await null;
            logger.info('within');
            return 7;
          });
          logger.info('after');
          return inner;
        }),
    );
    await null;
    expect(result).toBe(7);
    expect(
      records().map(({ message, spanId, parentSpanId, traceId }) => [message, spanId, parentSpanId, traceId]),
    ).toEqual([
      ['before', spanId(1), 'aaaaaaaaaaaaaaaa', trace],
      ['within', spanId(2), spanId(1), trace],
      ['inner', spanId(2), spanId(1), trace],
      ['after', spanId(1), 'aaaaaaaaaaaaaaaa', trace],
      ['outer', spanId(1), 'aaaaaaaaaaaaaaaa', trace],
    ]);
  });

  it('begins a trace of its own where there is none, and ends with its work', () => {
    const { logger, records } = timed();
    logger.span('one', () => logger.span('two', () => 1));
    logger.info('outside');
    const [two, one, outside] = records();
    expect(two).toMatchObject({ traceId: spanId(1) + spanId(2), parentSpanId: one!.spanId });
    expect(one).toMatchObject({ traceId: two!.traceId, outcome: 'ok', durationMs: 0 });
    expect(one).not.toHaveProperty('parentSpanId');
    expect(outside).not.toHaveProperty('traceId');
    expect(CorrelationContext.current()).toBeUndefined();
  });

  it('keeps parallel spans apart', async () => {
    const { logger, records } = timed();
    await logger.span('all', () =>
      Promise.all(
        ['a', 'b', 'c'].map((name) =>
          logger.span(name, async () => {
            await null;
            logger.info(`in ${name}`);
          }),
        ),
      ),
    );
    const of = (message: string) => records().find((record) => record.message === message)!;
    await null;
    for (const name of ['a', 'b', 'c']) {
      expect(of(`in ${name}`).spanId).toBe(of(name).spanId);
      expect(of(name).parentSpanId).toBe(spanId(3));
    }
  });

  it('passes a failure on by identity, on a child and taken off its logger', () => {
    const { logger, records } = timed();
    const boom = new Error('boom');
    const { span } = logger;
    expect(() =>
      span('op', () => {
        throw boom;
      }),
    ).toThrow(boom);
    logger.child({ part: 'p' }).span('op', () => 1);
    expect(records()).toMatchObject([
      { level: 'warn', outcome: 'error', spanId: spanId(3) },
      { level: 'info', part: 'p' },
    ]);
  });

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('ids');
      },
    ],
    ['gives no id', () => 'ID'],
    ['gives zeros', () => '0'.repeat(16)],
    ['gives nothing', () => undefined],
  ])('has an id of our own when the maker %s', (_name, make) => {
    const { logger, records } = timed({ generateSpanId: make as never });
    expect(logger.span('op', () => 1)).toBe(1);
    expect(records()[0]!.spanId).toMatch(/^(?!0{16})[0-9a-f]{16}$/);
    expect(records()[0]!.traceId).toMatch(/^(?!0{32})[0-9a-f]{32}$/);
  });
});

describe('slow work', () => {
  it('is published with its threshold', () => {
    const events: SlowEvent[] = [];
    const listen = (event: unknown): void => void events.push(event as SlowEvent);
    subscribe('agent4:logging:slow', listen);
    const { logger, clock } = timed({ slowMs: 5 });
    logger.time('quick', () => {
      clock.now += 4;
    });
    logger.time('slow', () => {
      clock.now += 5;
    });
    logger.start('own', { slowMs: 1 }).fail(new Error('e'));
    const timer = logger.start('own', { slowMs: 1 });
    clock.now += 2;
    timer.fail(new Error('e'));
    unsubscribe('agent4:logging:slow', listen);
    expect(events).toEqual([
      { logger: 'perf', operation: 'slow', durationMs: 5, slowMs: 5, outcome: 'ok' },
      { logger: 'perf', operation: 'own', durationMs: 2, slowMs: 1, outcome: 'error' },
    ]);
  });

  it('never has a negative duration when the clock goes back', () => {
    const { logger, clock, records } = timed();
    logger.time('op', () => {
      clock.now -= 10;
    });
    expect(records()[0]!.durationMs).toBe(0);
  });
});

describe('sampleFast', () => {
  it('leaves out fast records alone, and counts them', () => {
    const { logger, clock, records } = timed({ sampleFast: 0, slowMs: 5 });
    logger.time('op', () => 1);
    logger.time('op', () => {
      clock.now += 5;
    });
    expect(() =>
      logger.time('op', () => {
        throw new Error('e');
      }),
    ).toThrow('e');
    expect(records().map(({ level }) => level)).toEqual(['warn', 'warn']);
    expect(logger.stats().op).toMatchObject({ count: 3, errors: 1, slow: 1, unlogged: 1 });
  });

  it('draws outside of every context', () => {
    const draws = [0.1, 0.3, 0.24];
    const { logger, records } = timed({ sampleFast: 0.25, random: () => draws.shift()! });
    for (const name of ['a', 'b', 'c']) logger.time(name, () => 1);
    expect(records().map(({ message }) => message)).toEqual(['a', 'c']);
  });

  it('keeps or leaves out all of a trace, about the share that is asked for', () => {
    const { logger, records } = timed({ sampleFast: 0.3 });
    for (let at = 0; at < 1_000; at++)
      CorrelationContext.run({ correlationId: `req-${at}` }, () => {
        for (let turn = 0; turn < 3; turn++) logger.time('op', () => 1);
      });
    const counts = new Map<unknown, number>();
    for (const { correlationId } of records())
      counts.set(correlationId, (counts.get(correlationId) ?? 0) + 1);
    expect(new Set(counts.values())).toEqual(new Set([3]));
    expect(counts.size).toBeGreaterThan(230);
    expect(counts.size).toBeLessThan(370);
    expect(logger.stats().op!.unlogged).toBe(3_000 - records().length);
  });
});

it('ends each timer once, whatever ends it and in whatever order', () => {
  const ends = fc.array(fc.constantFrom('end', 'fail', 'dispose'), { minLength: 1 });
  fc.assert(
    fc.property(fc.array(ends), (timers) => {
      const { logger, records } = timed();
      for (const each of timers) {
        const timer = logger.start('op');
        for (const how of each) {
          if (how === 'dispose') timer[Symbol.dispose]();
          else timer[how as 'end'](how === 'fail' ? (new Error('e') as never) : {});
        }
      }
      expect(records()).toHaveLength(timers.length);
      expect(logger.stats().op?.count ?? 0).toBe(timers.length);
      expect(logger.stats().op?.errors ?? 0).toBe(timers.filter(([first]) => first === 'fail').length);
    }),
  );
});
