import { expect, it } from '@jest/globals';
import type winston from 'winston';
import { createPerformanceLogger, type Logger } from '../src/index.ts';
import { capture, captured } from './capture.ts';

/** The contract between packages: a logger by its shape. */
interface PlainLogger {
  debug(message: string, fields?: Record<string, unknown>): unknown;
  info(message: string, fields?: Record<string, unknown>): unknown;
  warn(message: string, fields?: Record<string, unknown>): unknown;
  error(message: string, fields?: Record<string, unknown>): unknown;
}

// That this file compiles is the test; what comes out is the rest of it.
it('every documented order of arguments compiles and lands in message, fields and error', () => {
  const { logger, records } = captured({ level: 'silly' });
  const error = new TypeError('no');
  const caught: unknown = error;
  for (const level of ['error', 'warn', 'info', 'http', 'verbose', 'debug', 'silly'] as const) {
    logger[level]('m');
    logger[level]('m', { a: 1 });
    logger[level]('m', undefined);
    logger[level]('m', error);
    logger[level]('m', caught, { a: 1 });
    logger[level]('%s is %d', 'x', 4);
    logger[level]({ a: 1 });
    logger[level]({ a: 1 }, 'm');
    logger[level](error);
    logger[level](caught);
    logger[level](error, 'm');
    logger[level](caught, { b: 1 });
    logger[level](error, 'm', { b: 1 });
  }
  const seen = records().map(({ message, a, b, error }) => [
    message,
    ...(a === undefined ? [] : [{ a }]),
    ...(b === undefined ? [] : [{ b }]),
    ...(error === undefined ? [] : [(error as { name: string }).name]),
  ]);
  const once = [
    ['m'],
    ['m', { a: 1 }],
    ['m'],
    ['m', 'TypeError'],
    ['m', { a: 1 }, 'TypeError'],
    ['x is 4'],
    ['', { a: 1 }],
    ['m', { a: 1 }],
    ['no', 'TypeError'],
    ['no', 'TypeError'],
    ['m', 'TypeError'],
    ['no', { b: 1 }, 'TypeError'],
    ['m', { b: 1 }, 'TypeError'],
  ];
  expect(seen).toEqual(Array.from({ length: 7 }, () => once).flat());
});

it('log(level, …) takes the same orders, and winston’s entry', () => {
  const { logger, records } = captured();
  logger.log('error', new TypeError('no'), { a: 1 });
  logger.log('error', { a: 1 }, 'no');
  logger.log({ level: 'error', message: 'no', a: 1 });
  expect(records().map(({ message, a }) => [message, a])).toEqual([
    ['no', 1],
    ['no', 1],
    ['no', 1],
  ]);
});

it('a method without arguments is a mistake the compiler sees', () => {
  const { logger, records } = captured();
  // @ts-expect-error: something is to be said
  logger.info();
  expect(records()).toHaveLength(1);
});

it('a logger is a winston.Logger and the plain shape; methods give the logger, children have all of it', () => {
  const { logger, records } = captured();
  const asWinston: winston.Logger = logger;
  const asShape: PlainLogger = logger;
  const child: Logger = logger.child({ part: 'p' });
  asWinston.info('winston', { a: 1 });
  asShape.info('shape', { a: 1 });
  expect(child.info({ a: 1 }, 'child')).toBe(child);
  expect(records().map(({ message, part, a }) => [message, part, a])).toEqual([
    ['winston', undefined, 1],
    ['shape', undefined, 1],
    ['child', 'p', 1],
  ]);
});

it('a performance logger is all of that too', () => {
  const seen = capture();
  const logger: winston.Logger & Logger = createPerformanceLogger({
    name: 'p',
    destination: seen.destination,
  });
  logger.warn(new Error('slow'), { a: 1 });
  expect(seen.records()[0]).toMatchObject({ message: 'slow', a: 1 });
});
