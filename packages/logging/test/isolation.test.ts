import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import Transport from 'winston-transport';
import { CorrelationContext } from '../src/index.ts';
import { captured } from './capture.ts';

class Slow extends Transport {
  readonly infos: Array<Record<string, unknown>> = [];
  override log(info: Record<string, unknown>, next: () => void): void {
    this.infos.push(info);
    setImmediate(next);
  }
}

it('gives every record the id of its own request while a transport pushes back', async () => {
  const slow = new Slow();
  const { logger, records } = captured({ transports: slow });
  const request = async (id: number): Promise<void> => {
    for (let at = 0; at < 20; at++) {
      logger.info('m', { id: `${id}` });
      await null;
    }
  };
  await Promise.all(
    Array.from({ length: 50 }, (_, id) =>
      CorrelationContext.run({ correlationId: `${id}` }, () => request(id)),
    ),
  );
  await logger.flush();
  expect(slow.infos).toHaveLength(1_000);
  for (const { id, correlationId } of [...records(), ...slow.infos]) expect(correlationId).toBe(id);
});

it('never repeats a key, whatever the layers hold', () => {
  const names = fc.constantFrom(
    'a',
    'b',
    'level',
    'message',
    'fields',
    'logger',
    'correlationId',
    '\ud800',
    '\ud801',
    '…',
  );
  const layer = fc.dictionary(names, fc.integer());
  fc.assert(
    fc.property(layer, layer, layer, layer, (base, context, bindings, call) => {
      const { logger, text, records } = captured({ base });
      CorrelationContext.run({ ...context, correlationId: 'c' }, () =>
        logger.child(bindings).info('m', call),
      );
      const [record] = records();
      const keys = [record!, (record!.fields ?? {}) as object].reduce(
        (count, object) => count + Object.keys(object).length,
        0,
      );
      // Every value is a number or a plain text, so each colon behind a quote ends a key.
      expect(text[0]!.match(/":/g)).toHaveLength(keys);
      expect([record!.level, record!.message, record!.logger]).toEqual(['info', 'm', 'test']);
      for (const [key, value] of Object.entries(call))
        if (['a', 'b', 'correlationId'].includes(key)) expect(record![key]).toBe(value);
    }),
    { numRuns: 1_000 },
  );
});

it.each([
  ['context and bindings', {}, { '\ud800': 1 }, { '\ud801': 2 }, {}],
  ['base and bindings', { '\ud800': 1 }, {}, { '\ufffd': 2 }, {}],
  ['bindings and call', {}, {}, { '\ud800': 1 }, { '\ufffd': 2 }],
  ['base and context', { '\ufffd': 1 }, { '\ud801': 2 }, {}, {}],
])(
  'writes a key once that two layers write alike, the later one (%s)',
  (_name, base, context, bindings, call) => {
    const { logger, text } = captured({ base });
    CorrelationContext.run({ ...context, correlationId: 'c' }, () => logger.child(bindings).info('m', call));
    expect(text[0]!.match(/"\ufffd":\d/g)).toEqual(['"\ufffd":2']);
  },
);

it('leaves nothing behind for children that logged', () => {
  const { logger, text } = captured();
  const before = [logger.listenerCount('error'), Object.keys(logger).length];
  for (let at = 0; at < 10_000; at++) {
    logger.child({ at }).info('m');
    text.length = 0;
  }
  expect([logger.listenerCount('error'), Object.keys(logger).length]).toEqual(before);
});
