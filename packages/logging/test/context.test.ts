import { EventEmitter } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { CorrelationContext, isValidCorrelationId } from '../src/index.ts';
import { captured } from './capture.ts';

describe('CorrelationContext', () => {
  it('follows awaits and timers, apart for parallel runs', async () => {
    const { logger, records } = captured();
    const work = async (id: string): Promise<void> => {
      await new Promise((resolve) => setImmediate(resolve));
      logger.info(id);
    };
    await Promise.all(
      ['a', 'b', 'c'].map((id) => CorrelationContext.run({ correlationId: id }, () => work(id))),
    );
    expect(records().map(({ correlationId, message }) => [correlationId, message])).toEqual([
      ['a', 'a'],
      ['b', 'b'],
      ['c', 'c'],
    ]);
  });

  it('makes an id when none is given, keeps the outer one when nested', () => {
    CorrelationContext.run({}, () => {
      const id = CorrelationContext.current()!.correlationId;
      expect(id).toMatch(/^[0-9a-f-]{36}$/);
      CorrelationContext.run({ step: 1 }, () =>
        expect(CorrelationContext.current()).toEqual({ correlationId: id, step: 1 }),
      );
      expect(CorrelationContext.current()).toEqual({ correlationId: id });
    });
    expect(CorrelationContext.current()).toBeUndefined();
  });

  it('gives what the function gives, and throws what it throws', () => {
    const boom = new Error('boom');
    expect(CorrelationContext.run({}, () => 7)).toBe(7);
    expect(() =>
      CorrelationContext.run({}, () => {
        throw boom;
      }),
    ).toThrow(boom);
    expect(() => CorrelationContext.run({ correlationId: '' }, () => 1)).toThrow(
      new TypeError("correlationId must be a non-empty string, got ''"),
    );
  });

  it('binds a listener to the context it was made in', () => {
    const emitter = new EventEmitter();
    const seen: unknown[] = [];
    const note = (value: number): void => {
      seen.push([value, CorrelationContext.current()?.correlationId]);
    };
    CorrelationContext.run({ correlationId: 'in' }, () => emitter.on('x', CorrelationContext.bind(note)));
    CorrelationContext.run({ correlationId: 'out' }, () => emitter.emit('x', 1));
    expect(seen).toEqual([[1, 'in']]);
  });

  it('sets fields for the rest of the run, never the id, never an outer run', () => {
    const { logger, records } = captured();
    expect(CorrelationContext.set({ a: 1 })).toBe(false);
    CorrelationContext.run({ correlationId: 'c' }, () => {
      CorrelationContext.run({}, () => {
        logger.info('before');
        expect(CorrelationContext.set({ user: 'u', correlationId: 'evil' })).toBe(true);
        logger.info('after');
      });
      logger.info('outer');
    });
    expect(records().map(({ correlationId, user }) => [correlationId, user])).toEqual([
      ['c', undefined],
      ['c', 'u'],
      ['c', undefined],
    ]);
  });

  it('appears on a child made before it', () => {
    const { logger, records } = captured();
    const child = logger.child({ a: 1 });
    CorrelationContext.run({ correlationId: 'c' }, () => child.info('m'));
    expect(records()[0]!.correlationId).toBe('c');
  });

  it('lives under a key that another copy of the package finds', () => {
    const storage = (globalThis as Record<symbol, unknown>)[Symbol.for('agent4.logging.context.v1')] as {
      getStore(): unknown;
    };
    CorrelationContext.run({ correlationId: 'c' }, () =>
      expect(storage.getStore()).toEqual({ fields: { correlationId: 'c' } }),
    );
  });
});

it.each([
  ['abc-123', true],
  ['a'.repeat(128), true],
  ['a'.repeat(129), false],
  ['', false],
  ['a b', false],
  ['a\r\nx: y', false],
  ['é', false],
  [7, false],
])('isValidCorrelationId(%j) is %s', (value, expected) => expect(isValidCorrelationId(value)).toBe(expected));
