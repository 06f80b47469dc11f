import { afterEach, expect, it } from '@jest/globals';
import fc from 'fast-check';
import winston from 'winston';
import { counters } from '../src/counters.ts';
import {
  CorrelationContext,
  configureLogging,
  createLogger,
  flushRecorder,
  type Logger,
  type LoggerOptions,
  type LoggingOptions,
  type RecorderOptions,
} from '../src/index.ts';
import { type Capture, captured, noon } from './capture.ts';
import { Recorder } from './recorder.ts';

const undos: Array<() => void> = [];
afterEach(() => {
  for (const undo of undos.splice(0)) undo();
});

const recording = (
  recorder: Partial<RecorderOptions> = {},
  options: Partial<LoggerOptions> = {},
  more: LoggingOptions = {},
): Capture & { logger: Logger; messages(): unknown[]; time: { now: number } } => {
  undos.push(configureLogging({ recorder: { level: 'debug', ...recorder }, ...more }));
  const time = { now: noon };
  const seen = captured({ clock: () => time.now, ...options });
  return { ...seen, time, messages: () => seen.records().map(({ message }) => message) };
};

const inContext = <Result>(correlationId: string, fn: () => Result): Result =>
  CorrelationContext.run({ correlationId }, fn);

it('writes what was kept before the error, in order, with its own time and fields, and a mark', () => {
  const { logger, records, time } = recording();
  inContext('a', () => {
    logger.child({ part: 'p' }).debug('query %s', 'x');
    time.now += 5;
    logger.verbose('rows', { count: 2 });
    logger.silly('below the recorder');
    time.now += 5;
    logger.error('failed');
    logger.error('again');
  });
  expect(records()).toEqual([
    {
      timestamp: '2026-01-02T12:00:00.000Z',
      level: 'debug',
      logger: 'test',
      correlationId: 'a',
      message: 'query x',
      part: 'p',
      recorded: true,
    },
    {
      timestamp: '2026-01-02T12:00:00.005Z',
      level: 'verbose',
      logger: 'test',
      correlationId: 'a',
      message: 'rows',
      count: 2,
      recorded: true,
    },
    {
      timestamp: '2026-01-02T12:00:00.010Z',
      level: 'error',
      logger: 'test',
      correlationId: 'a',
      message: 'failed',
    },
    {
      timestamp: '2026-01-02T12:00:00.010Z',
      level: 'error',
      logger: 'test',
      correlationId: 'a',
      message: 'again',
    },
  ]);
});

it('keeps contexts apart, through awaits, and drops what belongs to one without an error', async () => {
  const { logger, messages } = recording();
  const request = async (id: string, fails: boolean): Promise<void> => {
    logger.debug(`${id}1`);
    await null;
    await CorrelationContext.run({ step: 2 }, async () => {
      await null;
      logger.debug(`${id}2`);
    });
    if (fails) logger.error(`${id} failed`);
  };
  await Promise.all(['a', 'b', 'c'].map((id) => inContext(id, () => request(id, id === 'b'))));
  logger.debug('outside');
  logger.error('outside too');
  expect(messages()).toEqual(['b1', 'b2', 'b failed', 'outside too']);
});

it('gives a run with another id a memory of its own', () => {
  const { logger, messages } = recording();
  inContext('a', () => {
    logger.debug('a');
    inContext('job', () => {
      logger.debug('job');
      logger.error('job failed');
    });
  });
  expect(messages()).toEqual(['job', 'job failed']);
});

it('keeps for the whole process when asked to', () => {
  const { logger, messages } = recording({ scope: 'process' });
  logger.debug('outside');
  inContext('a', () => logger.debug('a'));
  inContext('b', () => logger.error('failed'));
  expect(messages()).toEqual(['outside', 'a', 'failed']);
});

it('emits on the level it is told, or when it is asked to, once', () => {
  const { logger, messages } = recording({ emitOn: 'warn' });
  inContext('a', () => {
    logger.debug('1');
    logger.warn('w');
    logger.debug('2');
    expect(flushRecorder()).toBe(1);
    expect(flushRecorder()).toBe(0);
  });
  expect(flushRecorder()).toBe(0);
  expect(messages()).toEqual(['1', 'w', '2']);
});

it('keeps the values of the call, whatever becomes of them, and none of the secrets', () => {
  const { logger, records, text } = recording({}, { redact: { paths: ['**.iban'] } });
  const fields = {
    list: [1],
    deep: { a: { b: { c: 'then' } } },
    password: 'hunter2',
    account: { iban: 'DE02' },
  };
  inContext('a', () => {
    logger.debug('m', fields);
    fields.list.push(2);
    fields.deep.a.b.c = 'now';
    undos.push(configureLogging({ redact: false }));
    logger.error('failed');
  });
  expect(records()[0]).toMatchObject({
    list: [1],
    deep: { a: { b: { c: 'then' } } },
    password: '[REDACTED]',
  });
  expect(text.join('')).not.toMatch(/hunter2|DE02/);
});

it('never repeats a key, though a field, a binding or the context is called as the mark is', () => {
  const { logger, text, records } = recording({}, { base: { recorded: 'base' } });
  CorrelationContext.run({ correlationId: 'a', recorded: 'context' }, () => {
    logger.child({ recorded: 'child' }).debug('m', { recorded: 'own', recorded2: 'other' });
    logger.error('failed');
  });
  expect(records()[0]).toMatchObject({ recorded: true, recorded2: 'other', recorded3: 'own' });
  expect(text[0]!.match(/"recorded":/g)).toHaveLength(1);
});

it('keeps the last records under its caps, and says how many it had to give up', () => {
  const before = counters.recorderDrops;
  const { logger, records } = recording({ maxRecords: 3 });
  inContext('a', () => {
    for (let at = 0; at < 10; at++) logger.debug(`${at}`);
    logger.error('failed');
  });
  expect(records().map(({ message, dropped }) => [message, dropped])).toEqual([
    ['older records were not kept', 7],
    ['7', undefined],
    ['8', undefined],
    ['9', undefined],
    ['failed', undefined],
  ]);
  expect(counters.recorderDrops - before).toBe(7);
});

it('holds no more bytes than it may, one record too large included', () => {
  const { logger, messages } = recording({ maxBytes: 1_024 });
  inContext('a', () => {
    logger.debug('small');
    logger.debug('large', { text: 'x'.repeat(2_000) });
    logger.debug('after');
    logger.error('failed');
  });
  expect(messages()).toEqual(['older records were not kept', 'after', 'failed']);
});

it('has the oldest contexts give up theirs when all together hold too much', () => {
  const before = counters.recorderDrops;
  const { logger, records } = recording({ maxBytes: 4_096, maxTotalBytes: 8_192 });
  const contexts = Array.from({ length: 40 }, (_, at) =>
    inContext(`${at}`, () => {
      for (let each = 0; each < 3; each++) logger.debug('kept', { text: 'x'.repeat(100) });
      return CorrelationContext.bind(() => logger.error('failed'));
    }),
  );
  for (const fail of contexts) fail();
  const kept = records().filter(({ message }) => message === 'kept');
  const told = records().reduce((sum, { dropped = 0 }) => sum + (dropped as number), 0);
  expect(kept.length + told).toBe(120);
  expect(counters.recorderDrops - before).toBe(told);
  expect(kept.at(-1)!.correlationId).toBe('39');
  expect(kept.length).toBeGreaterThan(12);
  expect(JSON.stringify(kept).length).toBeLessThan(8_192);
});

it('writes exactly the last records of each context, in order, whatever the interleaving', () => {
  const step = fc.record({
    id: fc.constantFrom('a', 'b', 'c'),
    level: fc.constantFrom('debug', 'debug', 'verbose', 'info', 'error'),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 8 }), (steps, maxRecords) => {
      const { logger, records } = recording({ maxRecords });
      const runs = new Map(
        ['a', 'b', 'c'].map((id) => [
          id,
          inContext(id, () => CorrelationContext.bind((fn: () => void) => fn())),
        ]),
      );
      const kept = new Map<string, number[]>(['a', 'b', 'c'].map((id) => [id, []]));
      const expected: number[] = [];
      for (const [at, { id, level }] of steps.entries()) {
        runs.get(id)!(() => logger.log(level, 'm', { at }));
        if (level === 'debug' || level === 'verbose') kept.set(id, [...kept.get(id)!, at].slice(-maxRecords));
        else {
          if (level === 'error') expected.push(...kept.get(id)!.splice(0));
          expected.push(at);
        }
      }
      expect(records().flatMap(({ at }) => (at === undefined ? [] : [at]))).toEqual(expected);
      undos.pop()!();
    }),
  );
});

it('keeps what sampling left out, so that an error brings its whole story', () => {
  const { logger, messages } = recording({}, { throttle: { sample: { rate: 0 }, schedule: () => () => {} } });
  inContext('a', () => {
    logger.info('1');
    logger.debug('2');
    logger.error('failed');
  });
  expect(messages()).toEqual(['1', '2', 'failed']);
});

it('is not set off by an error that a throttle holds back', () => {
  const { logger, messages } = recording(
    {},
    { throttle: { dedupe: { first: 1, every: 0 }, schedule: () => () => {} } },
  );
  for (const id of ['a', 'b'])
    inContext(id, () => {
      logger.debug(id);
      logger.error('failed');
    });
  expect(messages()).toEqual(['a', 'failed']);
});

it('feeds transports once: those with a level of their own in the call, the others with the rest', () => {
  const seen: string[] = [];
  const open = new Recorder(seen, 'open');
  const debug = new Recorder(seen, 'debug', { level: 'debug' });
  const { logger, time } = recording({}, { transports: [open, debug], destination: undefined });
  inContext('a', () => {
    logger.debug('1', { n: 1 });
    time.now += 5;
    logger.error('failed');
  });
  expect(seen).toEqual(['debug 1', 'open 1', 'open failed', 'debug failed']);
  expect(open.infos[0]).toMatchObject({
    level: 'debug',
    message: '1',
    correlationId: 'a',
    n: 1,
    recorded: true,
  });
  expect(open.infos[0]!.timestamp).toBe('2026-01-02T12:00:00.000Z');
});

it('goes through the logger’s format, the shapes and an instrumentation', () => {
  const formatted = recording(
    {},
    { format: winston.format.printf(({ level, message }) => `{"message":"${level} ${String(message)}"}`) },
  );
  const otel = recording({}, { format: 'otel' });
  const prototype = winston.Logger.prototype as { write?: unknown };
  const passed: unknown[] = [];
  inContext('a', () => {
    for (const { logger } of [formatted, otel]) logger.debug('1');
    formatted.logger.error('2');
    prototype.write = function (this: winston.Logger, info: { message: unknown }): boolean {
      passed.push(info.message);
      this._transform(info as never, 'utf8', () => {});
      return true;
    };
    try {
      formatted.logger.debug('3');
      formatted.logger.error('4');
    } finally {
      delete prototype.write;
    }
  });
  expect(formatted.messages()).toEqual(['debug 1', 'error 2', 'debug 3', 'error 4']);
  expect(passed).toEqual(['3', '4']);
  expect(otel.records()[0]).toMatchObject({ body: '1', attributes: { recorded: true } });
});

it('survives fields that log, throw, and destinations that fail', () => {
  const seen: unknown[] = [];
  const { logger } = recording(
    {},
    {
      destination: {
        write(line) {
          const { message } = JSON.parse(line) as { message: string };
          seen.push(message);
          if (message === 'kept') throw new Error('full');
          if (message === 'failed') logger.debug('while writing');
        },
      },
    },
  );
  inContext('a', () => {
    logger.debug('kept', {
      get bad(): never {
        throw new Error('unreadable');
      },
      deep: {
        get talks() {
          logger.debug('nested');
          return 1;
        },
      },
    });
    logger.error('failed');
    expect(flushRecorder()).toBe(1);
  });
  expect(seen).toEqual(['nested', 'kept', 'failed', 'while writing']);
});

it('says that a level is enabled where it is kept', () => {
  const { logger } = recording();
  expect(logger.isDebugEnabled()).toBe(false);
  inContext('a', () => expect([logger.isDebugEnabled(), logger.isSillyEnabled()]).toEqual([true, false]));
});

it('forgets what an earlier configuration kept', () => {
  const { logger, messages } = recording();
  inContext('a', () => {
    logger.debug('1');
    undos.push(configureLogging({ recorder: { level: 'debug' } }));
    logger.error('failed');
    undos.push(configureLogging({ recorder: false }));
    logger.debug('2');
    logger.error('failed');
  });
  expect(messages()).toEqual(['failed', 'failed']);
});

it.each<[string, unknown, string]>([
  [
    'unknown option',
    { level: 'debug', size: 1 },
    'recorder has no option "size"; it knows level, emitOn, scope',
  ],
  ['level', {}, 'recorder.level must be one of error, warn'],
  ['emitOn', { level: 'debug', emitOn: 'loud' }, 'recorder.emitOn must be one of'],
  ['scope', { level: 'debug', scope: 'request' }, 'recorder.scope must be context or process, got request'],
  ['maxBytes', { level: 'debug', maxBytes: 10 }, 'recorder.maxBytes must be an integer >= 1024, got 10'],
  ['maxRecords', { level: 'debug', maxRecords: 0 }, 'recorder.maxRecords must be an integer >= 1, got 0'],
  [
    'maxTotalBytes',
    { level: 'debug', maxTotalBytes: 1_024 },
    'recorder.maxTotalBytes must be an integer >= 131072, got 1024',
  ],
  ['no object', true, 'recorder options must be an object, got true'],
])('refuses a wrong option: %s', (_name, recorder, message) => {
  expect(() => configureLogging({ recorder: recorder as never })).toThrow(message);
  expect(createLogger({ name: 'x' }).level).toBe('info');
});
