import { describe, expect, it } from '@jest/globals';
import { captured } from './capture.ts';

const logged = (...args: unknown[]): Record<string, unknown> => {
  const { logger, records } = captured();
  (logger.info as (...all: unknown[]) => void)(...args);
  const { timestamp: _time, level: _level, logger: _name, ...rest } = records()[0]!;
  const error = rest.error as Record<string, unknown> | undefined;
  if (error !== undefined) delete error.stack;
  return rest;
};

describe('argument orders', () => {
  const err = { error: { name: 'TypeError', message: 'no' } };
  const cases: Array<[string, unknown[], Record<string, unknown>]> = [
    ['nothing', [], { message: '' }],
    ['message', ['m'], { message: 'm' }],
    ['message, fields', ['m', { a: 1 }], { message: 'm', a: 1 }],
    ['message, undefined', ['m', undefined], { message: 'm' }],
    ['message, null', ['m', null], { message: 'm', args: [null] }],
    ['message, number', ['m', 7], { message: 'm', args: [7] }],
    ['message, array', ['m', [1, 2]], { message: 'm', args: [[1, 2]] }],
    ['fields, message', [{ a: 1 }, 'm'], { message: 'm', a: 1 }],
    ['fields', [{ a: 1 }], { message: '', a: 1 }],
    ['fields with message', [{ message: 'm', a: 1 }], { message: 'm', a: 1 }],
    ['error', [new TypeError('no')], { message: 'no', ...err }],
    ['message, error', ['m', new TypeError('no')], { message: 'm', ...err }],
    ['error, message', [new TypeError('no'), 'm'], { message: 'm', ...err }],
    ['message, error, fields', ['m', new TypeError('no'), { a: 1 }], { message: 'm', a: 1, ...err }],
    ['message, fields, error', ['m', { a: 1 }, new TypeError('no')], { message: 'm', a: 1, ...err }],
    ['message: error', [{ message: new TypeError('no') }], { message: 'no', ...err }],
    ['two fields', ['m', { a: 1 }, { b: 2 }], { message: 'm', a: 1, b: 2 }],
    [
      'error beside a field called error',
      ['m', new TypeError('no'), { error: 1 }],
      { message: 'm', error: 1, error2: expect.objectContaining({ name: 'TypeError' }) },
    ],
    ['undefined', [undefined], { message: 'undefined' }],
    ['null', [null], { message: 'null' }],
    ['zero', [0], { message: '0' }],
    ['bigint', [10n], { message: '10' }],
    ['symbol', [Symbol('s')], { message: 'Symbol(s)' }],
    ['array', [[1, 'a']], { message: '[1,"a"]' }],
    ['%s', ['%s is %d', 'x', 4], { message: 'x is 4' }],
    ['%j with rest', ['%j!', [1], { a: 1 }], { message: '[1]!', a: 1 }],
    ['%% beside a token', ['%d%% of %s', 5, 'x'], { message: '5% of x' }],
    ['sole fields are never swallowed', ['100%s %o %j', { a: 1 }], { message: '100%s %o %j', a: 1 }],
    ['a lone %', ['100%', 1], { message: '100%', args: [1] }],
    ['a token without a value', ['%s and %s', 'x', 'y', 'z'], { message: 'x and y', args: ['z'] }],
    ['%d of a text', ['%d', 'x'], { message: '%d', args: ['x'] }],
    ['%s and an error', ['failed: %s', new TypeError('no')], { message: 'failed: %s', ...err }],
  ];
  it.each(cases)('%s', (_name, args, expected) => {
    expect(logged(...args)).toEqual(expected);
  });

  it('has log(level, …), log(info) and write(info) say the same', () => {
    const { logger, text } = captured();
    logger.info('m', { a: 1 });
    logger.log('info', 'm', { a: 1 });
    logger.log({ level: 'info', message: 'm', a: 1 });
    logger.write({ level: 'info', message: 'm', a: 1 });
    expect(new Set(text).size).toBe(1);
    expect(text).toHaveLength(4);
  });

  it('keeps a record of an unknown level, at info', () => {
    const { logger, records } = captured();
    logger.log('fatal', 'm');
    expect(records()[0]).toMatchObject({ level: 'info', message: 'm', fields: { level: 'fatal' } });
  });
});
