import { afterEach, describe, expect, it } from '@jest/globals';
import winston from 'winston';
import {
  apiLogger,
  appLogger,
  configureLogging,
  createLogger,
  type LoggingOptions,
  performanceLogger,
} from '../src/index.ts';
import { levels } from '../src/levels.ts';
import { capture, captured } from './capture.ts';
import { Recorder } from './recorder.ts';

const undos: Array<() => void> = [];
const configure = (options: LoggingOptions): void => {
  undos.push(configureLogging(options));
};
afterEach(() => {
  for (const undo of undos.splice(0).reverse()) undo();
});

it('has exactly the npm levels of winston', () => {
  expect(levels).toEqual(winston.config.npm.levels);
});

describe('level', () => {
  it('decides what is written, and can be asked', () => {
    const { logger, records } = captured({ level: 'http' });
    for (const level of Object.keys(levels)) logger.log(level, level);
    expect(records().map(({ level }) => level)).toEqual(['error', 'warn', 'info', 'http']);
    expect([
      logger.level,
      logger.isLevelEnabled('http'),
      logger.isDebugEnabled(),
      logger.isLevelEnabled('nope'),
    ]).toEqual(['http', true, false, false]);
  });

  it('does not touch the arguments of a disabled call', () => {
    const { logger, records } = captured();
    logger.debug('m', {
      get a(): number {
        throw new Error('read');
      },
    });
    expect(records()).toEqual([]);
  });

  it('is that of the logger for a child of ten thousand children of children', () => {
    const { logger, records } = captured({ level: 'debug' });
    let child = logger.child({ a: 1 });
    for (let at = 0; at < 10_000; at++) child = child.child({});
    child.debug('m');
    expect(child.level).toBe('debug');
    expect(records()[0]).toMatchObject({ message: 'm', a: 1 });
  });

  it('follows its parent until a child has its own', () => {
    const { logger, records } = captured();
    const child = logger.child({ a: 1 }).child({ b: 2 });
    logger.level = 'debug';
    child.debug('parent’s');
    child.level = 'error';
    child.warn('no');
    logger.debug('yes');
    expect(records().map(({ message }) => message)).toEqual(['parent’s', 'yes']);
  });

  it('is refused when unknown', () => {
    const message = 'level must be one of error, warn, info, http, verbose, debug, silly, got loud';
    expect(() => createLogger({ name: 'x', level: 'loud' as never })).toThrow(new RangeError(message));
    expect(() => {
      appLogger.level = 'loud';
    }).toThrow(new RangeError(message));
    expect(() => configureLogging({ levels: { 'a.*': 'loud' as never } })).toThrow(
      "levels['a.*'] must be one of",
    );
  });
});

describe('configureLogging', () => {
  it('reaches ready loggers, children and methods taken off earlier, and can be undone', () => {
    const seen = capture();
    const { debug } = appLogger.child({ child: 1 });
    configure({ level: 'debug', destination: seen.destination, base: { service: 's' } });
    debug('1');
    apiLogger.debug('2');
    performanceLogger.debug('3');
    undos.pop()!();
    debug('4');
    expect(seen.records().map(({ message, service }) => [message, service])).toEqual([
      ['1', 's'],
      ['2', 's'],
      ['3', 's'],
    ]);
  });

  it('gives levels by pattern, the longest first', () => {
    const pool = captured({ name: 'db.pool' }).logger;
    const query = captured({ name: 'db.query', level: 'error' }).logger;
    configure({ level: 'warn', levels: { 'db.*': 'debug', 'db.pool': 'error', '*': 'http' } });
    expect([pool.level, query.level, captured({ name: 'web' }).logger.level]).toEqual([
      'error',
      'debug',
      'http',
    ]);
  });

  it('overrides levels given earlier, not those assigned later', () => {
    const { logger } = captured({ level: 'error' });
    configure({ level: 'debug' });
    expect(logger.level).toBe('debug');
    logger.level = 'warn';
    expect(logger.level).toBe('warn');
  });

  it('changes nothing when an option is wrong', () => {
    expect(() => configureLogging({ level: 'debug', base: 1 as never })).toThrow(
      'base must be an object, got 1',
    );
    expect(appLogger.level).toBe('info');
  });

  it('attaches transports to all loggers besides their own', () => {
    const seen: string[] = [];
    const shared = new Recorder(seen, 'shared');
    const own = new Recorder(seen, 'own');
    const { logger } = captured({ destination: undefined, transports: own });
    configure({ transports: [shared] });
    logger.info('m');
    appLogger.info('n');
    undos.pop()!();
    logger.info('o');
    expect(seen).toEqual(['own m', 'shared m', 'shared n', 'own o']);
  });
});
