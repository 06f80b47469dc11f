import { describe, expect, it } from '@jest/globals';
import { CorrelationContext, lazy } from '../src/index.ts';
import { captured } from './capture.ts';
import { Recorder } from './recorder.ts';

const counting = (value: unknown): { field: unknown; calls: () => number } => {
  let calls = 0;
  return {
    field: lazy(() => {
      calls++;
      return value;
    }),
    calls: () => calls,
  };
};

describe('a lazy value', () => {
  it('is not worked out while its level is off', () => {
    const { logger } = captured();
    const { field, calls } = counting(1);
    logger.debug('m', { field });
    expect(calls()).toBe(0);
  });

  it('is worked out once a record, transports included', () => {
    const seen: string[] = [];
    const one = new Recorder(seen, 'one');
    const { logger, records } = captured({ transports: one });
    const { field, calls } = counting({ deep: [1] });
    logger.info('m', { field });
    expect(records()[0]!.field).toEqual({ deep: [1] });
    expect(one.infos[0]!.field).toEqual({ deep: [1] });
    expect(calls()).toBe(1);
  });

  it('is redacted, and not even asked for under a secret name', () => {
    const { logger, records } = captured();
    const { field, calls } = counting('hunter2');
    logger.info('m', { password: field, shown: lazy(() => ({ token: 'abc', a: 1 })) });
    expect(records()[0]).toMatchObject({ password: '[REDACTED]', shown: { token: '[REDACTED]', a: 1 } });
    expect(calls()).toBe(0);
  });

  it('is worked out once in bindings and context', () => {
    const { logger, records } = captured();
    const bound = counting('b');
    const context = counting('c');
    const child = logger.child({ bound: bound.field });
    CorrelationContext.run({ correlationId: 'r', context: context.field }, () => {
      child.info('1');
      child.info('2');
    });
    expect(records()).toMatchObject([
      { bound: 'b', context: 'c' },
      { bound: 'b', context: 'c' },
    ]);
    expect([bound.calls(), context.calls()]).toEqual([1, 1]);
  });

  it('is marked when it throws, and left out when it is undefined', () => {
    const { logger, records } = captured();
    logger.info('m', {
      bad: lazy(() => {
        throw new Error('no');
      }),
      none: lazy(() => undefined),
      good: 1,
    });
    expect(records()[0]).toMatchObject({ bad: '[Unreadable]', good: 1 });
    expect(records()[0]).not.toHaveProperty('none');
  });

  it('wants a function', () => {
    expect(() => lazy(5 as never)).toThrow('lazy must get a function, got 5');
  });
});
