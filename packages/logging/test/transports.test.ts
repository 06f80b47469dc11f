import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import winston from 'winston';
import Transport from 'winston-transport';
import { configureLogging, createLogger, type Format } from '../src/index.ts';
import { capture, captured, noon } from './capture.ts';
import { Recorder } from './recorder.ts';

const MESSAGE = Symbol.for('message');
const LEVEL = Symbol.for('level');

/** Every failure published while `work` runs. */
const failuresDuring = async (work: () => void | Promise<void>): Promise<Array<{ source: string }>> => {
  const seen: Array<{ source: string }> = [];
  const note = (event: unknown): void => void seen.push(event as { source: string });
  subscribe('agent4:logging:failure', note);
  try {
    await work();
  } finally {
    unsubscribe('agent4:logging:failure', note);
  }
  return seen;
};

describe('a winston.Logger to its user', () => {
  it('is one, children included', () => {
    const { logger } = captured();
    expect(logger).toBeInstanceOf(winston.Logger);
    expect(logger.child({})).toBeInstanceOf(winston.Logger);
  });

  it('adds, lists, removes and closes transports', () => {
    const seen: string[] = [];
    let closed = 0;
    const one = new Recorder(seen, 'one', {
      close: () => {
        closed++;
      },
    });
    const { logger, text } = captured();
    expect(logger.add(one)).toBe(logger);
    expect(logger.transports).toEqual([one]);
    logger.info('1');
    logger.remove(one);
    expect([logger.transports, closed]).toEqual([[], 1]);
    logger.info('2');
    expect(seen).toEqual(['one 1']);
    expect(text).toHaveLength(2);
  });

  it('is configured as winston is', () => {
    const seen: string[] = [];
    const { logger } = captured({ destination: undefined, transports: new Recorder(seen, 'old') });
    logger.configure({ level: 'debug', transports: [new Recorder(seen, 'new')] });
    logger.debug('m');
    expect([logger.level, seen]).toEqual(['debug', ['new m']]);
    expect(() => logger.configure({ levels: { loud: 0 } })).toThrow(
      'levels are chosen when a logger is made',
    );
  });

  it('is silent on demand', () => {
    const { logger, text } = captured({ silent: true });
    logger.info('1');
    logger.silent = false;
    logger.info('2');
    expect(text).toHaveLength(1);
  });

  it('has profile and startTimer, on children with their bindings', () => {
    const { logger, records } = captured();
    const child = logger.child({ a: 1 });
    child.profile('p');
    child.profile('p');
    child.startTimer().done({ message: 't' });
    expect(records()).toMatchObject([
      { message: 'p', a: 1, durationMs: expect.any(Number) },
      { message: 't', a: 1, durationMs: expect.any(Number) },
    ]);
  });

  it('ends: transports finish', async () => {
    const order: string[] = [];
    const one = new Recorder([], 'r').on('finish', () => order.push('transport'));
    const { logger } = captured({ transports: one });
    await new Promise<void>((resolve) => logger.on('finish', resolve).end());
    order.push('logger');
    expect(order).toEqual(['transport', 'logger']);
  });
});

describe('what transports get', () => {
  it('is a redacted copy with winston’s symbols, in the context of the call', () => {
    const one = new Recorder([], 'one');
    const { logger, text } = captured({ transports: one });
    const nested = { password: 's3cr3t', n: 1 };
    logger.warn('m', { nested });
    nested.n = 2;
    expect(one.infos[0]).toMatchObject({
      level: 'warn',
      message: 'm',
      nested: { password: '[REDACTED]', n: 1 },
    });
    expect([one.infos[0]![LEVEL], `${String(one.infos[0]![MESSAGE])}\n`]).toEqual(['warn', text[0]]);
  });

  it('is only what their level asks for, below the logger’s too', () => {
    const seen: string[] = [];
    const { logger, text } = captured({
      transports: [
        new Recorder(seen, 'error', { level: 'error' }),
        new Recorder(seen, 'debug', { level: 'debug' }),
        new Recorder(seen, 'own'),
      ],
    });
    for (const level of ['error', 'info', 'debug', 'silly']) logger.log(level, level);
    expect(seen).toEqual([
      'error error',
      'debug error',
      'own error',
      'debug info',
      'own info',
      'debug debug',
    ]);
    expect(text).toHaveLength(2);
  });

  it('includes what a child’s own level lets through', () => {
    const seen: string[] = [];
    const { logger } = captured({ transports: new Recorder(seen, 'r') });
    const child = logger.child({});
    child.level = 'debug';
    child.debug('child');
    logger.debug('parent');
    expect(seen).toEqual(['r child']);
  });

  it('reaches winston’s Stream and File, formatted by us or by their own format', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'logging-')), 'a.log');
    const stream = new PassThrough({ encoding: 'utf8' });
    const { logger, text } = captured({
      transports: [
        new winston.transports.File({ filename: file }),
        new winston.transports.Stream({
          stream,
          format: winston.format.printf(
            ({ level, message, a }) => `${level} ${String(message)} ${String(a)}`,
          ),
        }),
      ],
    });
    for (let at = 0; at < 100; at++) logger.info('m', { a: at });
    expect(
      String(stream.read())
        .split('\n')
        .slice(0, 2)
        .map((line) => line.trim()),
    ).toEqual(['info m 0', 'info m 1']);
    await new Promise((resolve) => logger.transports[0]!.once('finish', resolve) && logger.end());
    expect(readFileSync(file, 'utf8')).toBe(text.join(''));
  });

  it('goes to a legacy transport with level, message and meta', () => {
    const calls: unknown[][] = [];
    const legacy = Object.assign(new PassThrough(), {
      name: 'old',
      log: (...args: unknown[]) => void calls.push(args.slice(0, 2)),
    });
    Object.defineProperty(legacy.log, 'length', { value: 4 });
    const silence = console.error;
    console.error = () => {};
    const { logger } = captured({ transports: legacy as never });
    console.error = silence;
    logger.info('m');
    expect(calls).toEqual([['info', 'm']]);
  });
});

describe('a logger’s format', () => {
  it.each<Format>(['json', 'ecs', 'otel', 'gcp', 'aws', 'datadog'])(
    'gets of a record whose layers clash what it gets of any other, in %s',
    (shape) => {
      const undo = configureLogging({ format: shape });
      const seen: unknown[] = [];
      const format = winston.format((info) => {
        seen.push({ ...info });
        return info;
      })();
      const fields = { part: 'call', status: 200, time: 'noon', severity: 'high', stage: { at: 1 } };
      captured({ format }).logger.info('m', fields);
      captured({ format, base: { part: 'base' } }).logger.info('m', fields);
      undo();
      expect(seen).toHaveLength(2);
      for (const info of seen as Array<Record<string, unknown>>)
        expect({ ...info, ...(info.fields as object), fields: undefined }).toMatchObject({
          ...fields,
          level: 'info',
          message: 'm',
        });
    },
  );

  it('makes the text', () => {
    const { logger, text } = captured({
      format: winston.format.printf(({ message }) => `<${String(message)}>`),
    });
    logger.info('m');
    expect(text).toEqual(['<m>\n']);
  });

  it('that only adds a field leaves the text to us', () => {
    const { logger, records } = captured({
      format: winston.format((info) => Object.assign(info, { added: 1 }))(),
    });
    logger.info('m', { password: 'p' });
    expect(records()[0]).toEqual({
      timestamp: new Date(noon).toISOString(),
      level: 'info',
      logger: 'test',
      message: 'm',
      password: '[REDACTED]',
      added: 1,
    });
  });

  it('filters with false, and loses nothing when it throws or gives nothing', async () => {
    const made: unknown[] = [false, undefined, null];
    const { logger, records } = captured({
      format: {
        transform: () => {
          if (made.length > 0) return made.shift() as false;
          throw new Error('format');
        },
      },
    });
    const failures = await failuresDuring(() => {
      for (let at = 0; at < 4; at++) logger.info(`${at}`);
    });
    expect(records().map(({ message }) => message)).toEqual(['1', '2', '3']);
    expect(failures).toMatchObject([{ source: 'format' }]);
  });
});

class Bad extends Transport {
  readonly name = 'bad';
  override log(_info: unknown, next: (error?: Error) => void): void {
    this.act(next);
  }
  constructor(private_act: (next: (error?: Error) => void) => void) {
    super();
    this.act = private_act;
  }
  readonly act: (next: (error?: Error) => void) => void;
}

describe('a transport that fails', () => {
  const kinds: Array<[string, () => Bad]> = [
    [
      'throws',
      () =>
        new Bad(() => {
          throw new Error('bad');
        }),
    ],
    ['answers with an error', () => new Bad((next) => next(new Error('bad')))],
    [
      'emits an error',
      () => {
        const bad: Bad = new Bad((next) => {
          bad.emit('error', new Error('bad'));
          next();
        });
        return bad;
      },
    ],
    [
      'throws later',
      () => {
        let n = 0;
        return new Bad((next) => {
          if (n++ === 0) setImmediate(next);
          else throw new Error('bad');
        });
      },
    ],
    [
      'answers twice',
      () =>
        new Bad((next) => {
          next();
          next(new Error('bad'));
        }),
    ],
  ];
  it.each(kinds)(
    '%s: the caller and the others notice nothing, the next record is tried',
    async (kind, make) => {
      const seen: string[] = [];
      const { logger, text } = captured({ transports: [make(), new Recorder(seen, 'good')] });
      const failures = await failuresDuring(async () => {
        for (let at = 0; at < 50; at++) logger.info(`${at}`);
        await logger.flush();
      });
      expect([seen.length, text.length]).toEqual([50, 50]);
      expect(failures.length).toBe({ 'throws later': 49, 'answers twice': 0 }[kind] ?? 50);
    },
  );

  it('tells the logger’s error listeners', () => {
    const errors: unknown[] = [];
    const bad = new Bad(() => {
      throw new Error('bad');
    });
    const { logger } = captured({ transports: bad });
    logger.on('error', (error: Error, transport?: unknown) =>
      errors.push([error.message, transport === bad]),
    );
    logger.info('m');
    expect(errors).toEqual([['bad', true]]);
  });

  it('never answers: the others get all, and its queue is bounded', () => {
    const seen: string[] = [];
    const stuck = new Bad(() => {});
    const { logger } = captured({ transports: [stuck, new Recorder(seen, 'good')] });
    for (let at = 0; at < 50_100; at++) logger.info('m');
    expect([seen.length, stuck.writableLength]).toEqual([50_100, 50_000]);
  });

  it('is a destination that throws: transports go on', async () => {
    const seen: string[] = [];
    const logger = createLogger({
      name: 'x',
      destination: {
        write: () => {
          throw new Error('full');
        },
      },
      transports: new Recorder(seen, 'good'),
    });
    const failures = await failuresDuring(() => void logger.info('m'));
    expect([seen, failures.length]).toEqual([['good m'], 1]);
  });
});

describe('an instrumentation that patches Logger.prototype.write', () => {
  it('sees every record of loggers made before it, and what it adds is written', () => {
    const { logger, records } = captured();
    const one = new Recorder([], 'one');
    logger.add(one);
    const child = logger.child({ child: 1 });
    const prototype = winston.Logger.prototype as { write(info: unknown): boolean };
    const original = prototype.write;
    prototype.write = function (this: unknown, info: unknown) {
      Object.assign(info as object, { trace_id: 't' });
      return Reflect.apply(original, this, [info]) as boolean;
    };
    try {
      logger.info('1');
      child.warn('2', { password: 'p' });
      logger.write({ level: 'info', message: '3' });
    } finally {
      Reflect.deleteProperty(prototype, 'write');
    }
    logger.info('4');
    expect(records().map(({ message, trace_id, child: c }) => [message, trace_id, c])).toEqual([
      ['1', 't', undefined],
      ['2', 't', 1],
      ['3', 't', undefined],
      ['4', undefined, undefined],
    ]);
    expect(one.infos[1]).toMatchObject({ level: 'warn', password: '[REDACTED]', trace_id: 't' });
  });
});

it('writes whole lines that are piped or written into it', () => {
  const { destination, records } = capture();
  const logger = createLogger({ name: 'x', destination });
  (logger as unknown as { write(text: string): void }).write('GET / 200\n');
  expect(records()[0]).toMatchObject({ level: 'info', message: 'GET / 200' });
});
