import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import winston from 'winston';
import {
  apiLogger,
  appLogger,
  CorrelationContext,
  configureLogging,
  createLogger,
  defineEvents,
  performanceLogger,
} from '../src/index.ts';
import { observing } from '../src/observer.ts';
import { captureLogs } from '../src/testing.ts';
import { capture, captured } from './capture.ts';
import { Recorder } from './recorder.ts';

const messages = (records: ReadonlyArray<Readonly<Record<string, unknown>>>): unknown[] =>
  records.map(({ message }) => message);

describe('a capture', () => {
  it('sees every logger of the process and its children, and nothing is written meanwhile', () => {
    const { logger, text } = captured();
    const transported: string[] = [];
    const fed = createLogger({ name: 'fed', transports: new Recorder(transported, 'one') });
    const { info } = logger;
    const { records, lines, result } = captureLogs(() => {
      appLogger.info('app');
      apiLogger.child({ route: '/' }).info('api');
      performanceLogger.start('work').end();
      info('own');
      fed.info('fed');
      return 7;
    });
    expect(messages(records)).toEqual(['app', 'api', 'work', 'own', 'fed']);
    expect(records[1]).toMatchObject({ logger: 'api', route: '/' });
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(records);
    expect([result, text, transported]).toEqual([7, [], []]);
    logger.info('later');
    fed.info('later');
    expect([text.length, transported]).toEqual([1, ['one later']]);
  });

  it('shows tests that run at the same time only their own lines', async () => {
    const { logger, text } = captured();
    const test = async (id: number): Promise<unknown[]> => {
      const { records } = await captureLogs(async () => {
        for (let at = 0; at < 20; at++) {
          logger.info('m', { id });
          await turn();
        }
      });
      return records.map((record) => record.id);
    };
    const outside = (async () => {
      for (let at = 0; at < 5; at++) {
        logger.info('outside');
        await turn();
      }
    })();
    const seen = await Promise.all(Array.from({ length: 10 }, (_, id) => test(id)));
    await outside;
    expect(seen).toEqual(Array.from({ length: 10 }, (_, id) => Array(20).fill(id)));
    expect(text).toHaveLength(5);
  });

  it('lowers the level of every logger inside of it alone', async () => {
    const { logger, text } = captured();
    const quiet = createLogger({ name: 'quiet', level: 'error', destination: capture().destination });
    const logs = captureLogs({ level: 'debug' });
    await logs.run(async () => {
      logger.debug('inside');
      expect(logger.isDebugEnabled()).toBe(true);
      quiet.child({}).verbose('inside too');
      logger.silly('too low');
      await turn();
    });
    const running = logs.run(async () => {
      await turn();
      logger.debug('still inside');
    });
    logger.debug('outside');
    expect(logger.isDebugEnabled()).toBe(false);
    await running;
    expect(messages(logs.records)).toEqual(['inside', 'inside too', 'still inside']);
    expect(text).toEqual([]);
  });

  it('writes as well when it is told to, and then only what would have been written', () => {
    const { logger, records } = captured();
    const one = new Recorder([], 'one');
    logger.add(one);
    const logs = captureLogs({ level: 'debug', passThrough: true });
    logs.run(() => {
      logger.info('i');
      logger.debug('d');
    });
    expect([messages(logs.records), messages(records()), messages(one.infos)]).toEqual([
      ['i', 'd'],
      ['i'],
      ['i'],
    ]);
  });

  it('keeps the records of the innermost capture from the outer ones', () => {
    const outer = captureLogs();
    const inner = captureLogs();
    outer.run(() => {
      appLogger.info('1');
      inner.run(() => appLogger.info('2'));
      appLogger.info('3');
    });
    expect([messages(outer.records), messages(inner.records)]).toEqual([['1', '3'], ['2']]);
  });

  it('leaves work that outlives it to write as ever', async () => {
    const { logger, text } = captured();
    let late: Promise<void> | undefined;
    const logs = captureLogs(() => {
      late = (async () => {
        await turn();
        logger.info('late');
      })();
    });
    const other = captureLogs(() => late);
    await late;
    await other;
    expect([logs.lines, text.length]).toEqual([[], 1]);
  });

  it('takes lines of elsewhere too, when it is told to', async () => {
    const { logger, text } = captured();
    let request = (): void => {};
    const served = new Promise<void>((resolve) => {
      request = resolve;
    }).then(() => logger.info('served'));
    const logs = captureLogs({ everywhere: true });
    await logs.run(async () => {
      request();
      await served;
    });
    logger.info('after');
    expect([messages(logs.records), text.length]).toEqual([['served'], 1]);
  });

  it('passes on what the function throws, and is over then', async () => {
    const error = new Error('thrown');
    const throwing = (): void => {
      throw error;
    };
    expect(() => captureLogs(throwing)).toThrow(error);
    await expect(captureLogs(async () => throwing())).rejects.toBe(error);
    expect(observing.observer).toBeUndefined();
  });

  it('waits for whatever can be awaited', async () => {
    const thenable = {
      // biome-ignore lint/suspicious/noThenProperty: what query builders give is such a thing
      then: (done: (value: number) => void) => void setImmediate(() => done(5)),
    };
    const logs = captureLogs();
    expect(await logs.run(() => thenable)).toBe(5);
    expect((await captureLogs(() => thenable as unknown as PromiseLike<number>)).result).toBe(5);
    expect(observing.observer).toBeUndefined();
  });

  it('survives that the configuration is changed and put back around and inside of it', () => {
    const seen = capture();
    const undo = configureLogging({ destination: seen.destination });
    const logs = captureLogs({ level: 'debug' });
    const undoInside = logs.run(() => {
      const back = configureLogging({ base: { a: 1 }, transports: [] });
      appLogger.debug('1');
      return back;
    });
    appLogger.info('2');
    undoInside();
    appLogger.debug('3');
    undo();
    expect([logs.records, messages(seen.records())]).toMatchObject([[{ message: '1', a: 1 }], ['2']]);
  });

  it('leaves no trace of itself in the logger and costs it nothing once it is over', () => {
    const { logger } = captured();
    const before = logger.transports.length;
    captureLogs(() => expect(logger.transports).toHaveLength(before));
    expect(observing.observer).toBeUndefined();
  });

  it('has ids of the context, and the text of a winston format with the record behind it', () => {
    const { logger } = captured({ format: winston.format.simple() });
    const { lines, records } = captureLogs(() =>
      CorrelationContext.run({ correlationId: 'c-1' }, () => logger.warn('m', { a: 1 })),
    );
    expect(lines[0]).toMatch(/^warn: m \{/);
    expect(records[0]).toMatchObject({ level: 'warn', message: 'm', a: 1, correlationId: 'c-1' });
  });

  it('sees records that go through a patched winston, with what was added', () => {
    const { logger } = captured();
    const prototype = winston.Logger.prototype as { write(info: unknown): boolean };
    const original = prototype.write;
    prototype.write = function (this: unknown, info: unknown) {
      Object.assign(info as object, { trace_id: 't' });
      return Reflect.apply(original, this, [info]) as boolean;
    };
    try {
      const { records } = captureLogs(() => logger.info('m'), { level: 'debug' });
      expect(records).toMatchObject([{ message: 'm', trace_id: 't' }]);
    } finally {
      Reflect.deleteProperty(prototype, 'write');
    }
  });
});

describe('what was logged is found', () => {
  const logs = captureLogs(() => {
    const { logger } = captured();
    logger.info('started', { port: 80 });
    logger.warn('slow query', { table: 'users', nested: { ms: 12.5, tags: ['a', 'b'] } });
    logger.error('failed', new RangeError('no'));
  });

  it('by a part of it, at any depth', () => {
    expect(logs.find({ level: 'warn', nested: { ms: 12.5 } })?.message).toBe('slow query');
    expect(logs.find({ nested: { tags: ['a'] } })).toBeUndefined();
    expect(logs.find({ level: 'info', gone: undefined })?.port).toBe(80);
    expect(logs.find(({ port }) => port === 80)?.message).toBe('started');
  });

  it('by pattern, function, and matcher of the test runner', () => {
    expect(logs.expectLogged({ message: /^slow/g, nested: { ms: (ms: number) => ms > 12 } }).table).toBe(
      'users',
    );
    expect(logs.expectLogged({ error: { name: 'RangeError', stack: expect.any(String) } }).level).toBe(
      'error',
    );
    expect(logs.find({ port: expect.any(String) })).toBeUndefined();
  });

  it('by message', () => {
    expect(logs.byMessage('started')).toHaveLength(1);
    expect(logs.byMessage(/ed$/)).toHaveLength(2);
    expect(logs.byMessage('start')).toEqual([]);
  });

  it('or not, and then the error shows what was looked for, what was logged and what came near', () => {
    const missing = (): unknown => logs.expectLogged({ message: 'slow query', table: 'orders' });
    expect(missing).toThrow(
      'a record with { message: "slow query", table: "orders" }, but of 3 none has that',
    );
    expect(missing).toThrow('"message":"started"');
    expect(missing).toThrow('The nearest differs in: table is "users"');
    expect(() => captureLogs().expectLogged({ a: 1 })).toThrow('(nothing was logged)');
    expect(() => logs.expectLogged({ port: expect.any(String) })).toThrow('{ port: Any<String> }');
    const endless: Record<string, unknown> = {};
    endless.endless = endless;
    expect(() => logs.expectLogged(endless)).toThrow('but of 3 none has that');
  });

  it('in every shape of lines', () => {
    const { logger } = captured({ format: 'otel' });
    expect(captureLogs(() => logger.info('hello')).byMessage('hello')).toHaveLength(1);
  });
});

describe('expectSilence', () => {
  it('holds when nothing was logged, else shows what was', () => {
    const logs = captureLogs();
    logs.expectSilence();
    logs.run(() => appLogger.warn('loud', { a: 1 }));
    expect(() => logs.expectSilence()).toThrow('Expected nothing, but 1 were logged:\n  {"timestamp"');
    logs.expectSilence({ level: 'error' });
    expect(() => logs.expectSilence({ level: 'warn' })).toThrow('Expected no record with { level: "warn" }');
    logs.clear();
    logs.expectSilence();
  });

  it('shows long and many lines in part', () => {
    const logs = captureLogs(() => {
      for (let at = 0; at < 30; at++) appLogger.info('x'.repeat(1_000));
    });
    expect(() => logs.expectSilence()).toThrow(/… \(\d+ characters\)[\s\S]*and 10 more$/);
  });
});

it('checks typed events while it runs, and tells those that are not as defined', () => {
  const events = defineEvents({ 'order.placed': { fields: { cents: 'number' } } });
  const good = captureLogs(() => events.emit(appLogger, 'order.placed', { cents: 1 }));
  good.expectValidEvents();
  const bad = captureLogs(() => events.emit(appLogger, 'order.placed', { cents: '1' } as never));
  expect(() => bad.expectValidEvents()).toThrow(
    '1 events are not as they are defined:\n  order.placed: cents must be number, got string',
  );
});

it.each([
  [() => captureLogs({ levels: 'debug' } as never), 'captureLogs has no option "levels"'],
  [() => captureLogs({ level: 'loud' } as never), 'level must be one of error'],
  [() => captureLogs(() => 1, { everywhere: 1 } as never), 'everywhere must be true or false, got 1'],
  [() => captureLogs({}).run(3 as never), 'fn must be a function, got number'],
  [() => captureLogs(() => 1).find('m' as never), 'expected must be an object of fields, got string'],
])('refuses what it does not understand: %s', (call, message) => {
  expect(call).toThrow(message);
});
