import { describe, expect, it } from '@jest/globals';
import { CorrelationContext, configureLogging } from '../src/index.ts';
import { captured } from './capture.ts';
import { failures } from './failures.ts';

describe('a line', () => {
  it('has its head in a fixed order and its fields behind the message', () => {
    const { logger, text } = captured();
    CorrelationContext.run({ correlationId: 'c-1', traceId: 't-1' }, () =>
      logger.warn('slow', { b: 1, a: 'x' }),
    );
    expect(text).toEqual([
      '{"timestamp":"2026-01-02T12:00:00.000Z","level":"warn","logger":"test","correlationId":"c-1","traceId":"t-1","message":"slow","b":1,"a":"x"}\n',
    ]);
  });

  it('drops undefined fields', () => {
    const { logger, records } = captured();
    logger.info('m', { a: undefined, b: null });
    expect(Object.keys(records()[0]!)).toEqual(['timestamp', 'level', 'logger', 'message', 'b']);
  });

  it('keeps fields with reserved names under fields', () => {
    const { logger, records } = captured();
    logger.child({ logger: 'child' }).info('m', { level: 'evil', timestamp: 1, message: 'other', fields: 2 });
    expect(records()[0]).toEqual({
      timestamp: '2026-01-02T12:00:00.000Z',
      level: 'info',
      logger: 'test',
      message: 'm',
      fields: { logger: 'child', level: 'evil', timestamp: 1, message: 'other', fields: 2 },
    });
  });

  it('replaces a clock that gives no time by the wall clock', () => {
    const { logger, records } = captured({ clock: () => Number.NaN });
    logger.info('m');
    expect(records()[0]!.timestamp).toMatch(/^20\d\d-/);
  });

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('broken');
      },
    ],
    ['gives a text', () => '5'],
    ['gives a BigInt', () => 5n],
  ])('loses no record to a clock that %s: the wall clock counts', (_what, clock) => {
    const { logger, records } = captured({ clock: clock as () => number });
    failures();
    logger.info('m');
    expect(records()[0]).toMatchObject({ timestamp: expect.stringMatching(/^2[01]\d\d-/), message: 'm' });
  });

  it('never changes the objects it is given, frozen ones included', () => {
    const { logger } = captured();
    const fields = Object.freeze({ a: Object.freeze({ password: 'p' }) });
    const error = Object.freeze(new Error('e'));
    logger.info('m', fields);
    logger.info(fields);
    logger.log({ level: 'info', message: 'x', ...fields });
    logger.error(error);
    logger.child(fields).info(fields);
    expect(fields).toEqual({ a: { password: 'p' } });
    expect(Object.keys(error)).toEqual([]);
    expect(Object.getOwnPropertySymbols(fields)).toEqual([]);
  });
});

it('marks what cannot be read in defaultMeta, bindings and context', () => {
  const { logger, records } = captured();
  const hostile = (name: string): Record<string, unknown> => ({
    get [name](): never {
      throw new Error('hostile');
    },
  });
  logger.defaultMeta = hostile('a');
  CorrelationContext.run({ correlationId: 'c' }, () => {
    CorrelationContext.set(hostile('b'));
    logger.child(hostile('c')).info('m');
  });
  expect(records()[0]).toMatchObject({ a: '[Unreadable]', b: '[Unreadable]', c: '[Unreadable]' });
});

describe('precedence', () => {
  const layers = ['base', 'context', 'parent', 'child', 'call'] as const;
  const pairs = layers.flatMap((low, at) => layers.slice(at + 1).map((high) => [high, low] as const));
  it.each(pairs)('%s wins over %s, in one key', (high, low) => {
    const of = (layer: string): Record<string, unknown> =>
      layer === high || layer === low ? { k: layer } : {};
    const { logger, text, records } = captured({ base: of('base') });
    CorrelationContext.run({ correlationId: 'c', ...of('context') }, () =>
      logger.child(of('parent')).child(of('child')).info('m', of('call')),
    );
    expect(records()[0]!.k).toBe(high);
    expect(text[0]!.match(/"k":/g)).toHaveLength(1);
  });

  it('lets the logger win over the common base, and defaultMeta lose to both', () => {
    const undo = configureLogging({ base: { a: 'common', b: 'common' } });
    try {
      const { logger, records } = captured({ base: { a: 'own' } });
      logger.defaultMeta = { a: 'meta', b: 'meta', c: 'meta' };
      logger.info('m');
      expect(records()[0]).toMatchObject({ a: 'own', b: 'common', c: 'meta' });
    } finally {
      undo();
    }
  });

  it('keeps a field when a later layer has it as undefined', () => {
    const { logger, records } = captured();
    logger.child({ k: 1 }).child({ k: undefined }).info('m', { k: undefined });
    expect(records()[0]!.k).toBe(1);
  });
});
