import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { captured } from './capture.ts';

const shown = (value: unknown): unknown => {
  const { logger, records } = captured();
  logger.info('m', { value, after: 1 });
  expect(records()[0]!.after).toBe(1);
  return records()[0]!.value;
};

const throwing = (): never => {
  throw new Error('hostile');
};
const revoked = (): object => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};
const loop: Record<string, unknown> = { a: 1 };
loop.self = loop;

describe('values', () => {
  const cases: Array<[string, unknown, unknown]> = [
    ['bigint', 12345678901234567890n, '12345678901234567890'],
    ['NaN', Number.NaN, null],
    ['Infinity', Number.NEGATIVE_INFINITY, null],
    ['-0', -0, 0],
    ['symbol', Symbol('s'), 'Symbol(s)'],
    ['function', function named() {}, '[Function named]'],
    ['date', new Date(0), '1970-01-01T00:00:00.000Z'],
    ['invalid date', new Date(Number.NaN), null],
    ['Map of texts', new Map([['a', 1]]), { a: 1 }],
    [
      'Map of anything',
      new Map<unknown, unknown>([
        [1, 2],
        ['1', 3],
      ]),
      [
        [1, 2],
        ['1', 3],
      ],
    ],
    ['Set', new Set([1, new Set([2])]), [1, [2]]],
    ['RegExp', /a/g, '/a/g'],
    ['URL', new URL('http://h/p'), 'http://h/p'],
    ['Buffer', Buffer.from('hi'), { bytes: 2, base64: 'aGk=' }],
    ['ArrayBuffer', new ArrayBuffer(1), { bytes: 1, base64: 'AA==' }],
    ['Float32Array', new Float32Array([1, 2]), [1, 2]],
    ['boxed', [Object(1), Object('s'), Object(true)], [1, 's', true]],
    ['promise', Promise.resolve(1), '[Promise]'],
    ['WeakMap', new WeakMap(), '[Weak collection]'],
    ['holes', Object.assign(new Array(2), { 0: 1 }), [1, null]],
    ['null prototype', Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
    ['own __proto__', JSON.parse('{"__proto__":{"a":1}}'), JSON.parse('{"__proto__":{"a":1}}')],
    ['circular', loop, { a: 1, self: '[Circular]' }],
    ['shared, not circular', [loop.x, [1], [1]], [null, [1], [1]]],
    [
      'getter that throws',
      {
        get bad(): never {
          return throwing();
        },
        ok: 1,
      },
      { bad: '[Unreadable]', ok: 1 },
    ],
    ['toJSON that throws', { a: { toJSON: throwing }, ok: 1 }, { a: '[Unreadable]', ok: 1 }],
    ['toJSON', { toJSON: () => ({ x: 1 }) }, { x: 1 }],
    [
      'toJSON that makes its like',
      {
        toJSON() {
          return this;
        },
        a: 1,
      },
      { a: 1, toJSON: '[Function toJSON]' },
    ],
    ['revoked proxy', [revoked(), 1], ['[Unreadable]', 1]],
    ['ownKeys trap', new Proxy({}, { ownKeys: throwing }), '[Unreadable]'],
    ['get trap', new Proxy({ a: 1 }, { get: throwing }), { a: '[Unreadable]' }],
    ['getPrototypeOf trap', new Proxy({}, { getPrototypeOf: throwing }), '[Unreadable]'],
    [
      'class instance',
      new (class Point {
        x = 1;
        #y = 2;
        get y() {
          return this.#y;
        }
      })(),
      { x: 1 },
    ],
    ['lone surrogates', 'a\ud800b\udc00', 'a\ufffdb\ufffd'],
    ['emoji', '👍', '👍'],
  ];
  it.each(cases)('%s', (_name, value, expected) => {
    expect(shown(value)).toEqual(expected);
  });

  it('escapes all that could split a line or move a terminal', () => {
    const { logger, text } = captured();
    logger.info('a\nb\r\u0000\u001b[31m\u007f\u0085\u2028\u2029');
    expect(text[0]).toContain('"a\\nb\\r\\u0000\\u001b[31m\\u007f\\u0085\\u2028\\u2029"');
  });

  it('tells keys apart that look the same once well-formed', () => {
    expect(shown({ '\ud800': 1, '\ud801': 2, '\ufffd': 3 })).toEqual({
      '\ufffd': 1,
      '\ufffd#2': 2,
      '\ufffd#3': 3,
    });
  });

  it('survives fields that cannot be listed', () => {
    const { logger, records } = captured();
    logger.info('m', revoked() as Record<string, unknown>);
    logger.child(revoked() as Record<string, unknown>).info('n');
    expect(records().map(({ message, fields }) => [message, fields])).toEqual([
      ['m', { fields: '[Unreadable]' }],
      ['n', { fields: '[Unreadable]' }],
    ]);
  });

  it('comes to an end when a getter logs the object it belongs to', () => {
    const { logger, records } = captured();
    const value = {
      get a(): number {
        logger.info('inner', value);
        return 1;
      },
    };
    logger.info('outer', value);
    expect(records().at(-1)).toMatchObject({ message: 'outer', a: 1 });
    expect(records().length).toBeLessThan(10);
  });
});

describe('errors', () => {
  it('tell name, message, code, own fields, cause and errors', () => {
    const error = Object.assign(new AggregateError([new RangeError('one')], 'all', { cause: 'why' }), {
      code: 'E_X',
      extra: 2,
    });
    const record = shown(error) as Record<string, unknown>;
    expect(record).toMatchObject({
      name: 'AggregateError',
      message: 'all',
      code: 'E_X',
      extra: 2,
      cause: 'why',
    });
    expect(record.stack).toContain('AggregateError: all');
    expect(record.errors).toMatchObject([{ name: 'RangeError', message: 'one' }]);
  });

  it('of another realm are errors too', () => {
    expect(shown(runInNewContext('new TypeError("far")'))).toMatchObject({
      name: 'TypeError',
      message: 'far',
    });
  });

  it('that cause themselves come to an end', () => {
    const error = new Error('e');
    error.cause = error;
    expect(shown(error)).toMatchObject({ cause: '[Circular]' });
  });

  it('speak for themselves by toLogRecord', () => {
    expect(shown(Object.assign(new Error('e'), { toLogRecord: () => ({ kind: 'mine' }) }))).toEqual({
      kind: 'mine',
    });
    expect(shown({ toLogRecord: () => ({ kind: 'shape' }) })).toEqual({ kind: 'shape' });
  });

  it('keep their stack beside a toJSON, and their fields when a method of theirs throws', () => {
    const polite = Object.assign(new Error('e'), { toJSON: () => ({ public: true }) });
    expect(shown(polite)).toMatchObject({
      message: 'e',
      stack: expect.stringContaining('Error: e'),
      public: true,
    });
    expect(shown(Object.assign(new Error('e'), { toLogRecord: throwing, a: 1 }))).toMatchObject({
      message: 'e',
      a: 1,
    });
  });
});

describe('caps', () => {
  it('mark what is too deep, too many and too long', () => {
    const limits = { maxDepth: 2, maxKeys: 2, maxStringLength: 16 };
    const { logger, records } = captured({ limits });
    logger.info('m', { deep: { a: { b: {} } }, list: [1, 2, 3] });
    logger.info('m', { o: { a: 1, b: 2, c: 3 }, text: 'x'.repeat(20) });
    expect(records()[0]).toMatchObject({ deep: { a: { b: '[Object]' } }, list: [1, 2, '[1 more]'] });
    expect(records()[1]).toMatchObject({
      o: { a: 1, b: 2, '…': '[1 more]' },
      text: `${'x'.repeat(16)}…[4 more]`,
    });
  });

  it('hold a line of any value below its bytes', () => {
    const { logger, text, records } = captured({ limits: { maxLineBytes: 4_096 } });
    const wide = Object.fromEntries(
      Array.from({ length: 250 }, (_, at) => [`k${at}`, '\u0000'.repeat(3_000)]),
    );
    logger.info('€'.repeat(16_000), wide);
    logger.child(wide).info('m', { list: Array.from({ length: 250 }, () => wide) });
    for (const line of text) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(4_096);
    expect(records()).toHaveLength(2);
  });

  it('stand ten thousand levels', () => {
    let deep: unknown = 1;
    for (let at = 0; at < 10_000; at++) deep = { deep };
    expect(JSON.stringify(shown(deep))).toContain('[Object]');
  });
});

it('gives one parseable line under the cap for any value', () => {
  fc.assert(
    fc.property(
      fc.anything({
        withBigInt: true,
        withDate: true,
        withMap: true,
        withSet: true,
        withTypedArray: true,
        withSparseArray: true,
        withNullPrototype: true,
        withBoxedValues: true,
        withObjectString: true,
      }),
      fc.string({ unit: 'binary' }),
      (value, message) => {
        const { logger, text, records } = captured({ limits: { maxLineBytes: 8_192 } });
        logger.info(message, { value });
        logger.info(value as string);
        expect(text).toHaveLength(2);
        for (const line of text)
          expect([line.indexOf('\n'), Buffer.byteLength(line) <= 8_192]).toEqual([line.length - 1, true]);
        expect(records()[0]!.message).toBe(message.toWellFormed());
      },
    ),
    { numRuns: 300 },
  );
});

it('writes plain data as JSON.stringify does', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
      const { logger, records } = captured({ redact: false });
      logger.info('m', { value });
      expect(records()[0]!.value).toEqual(JSON.parse(JSON.stringify(value)));
    }),
    { numRuns: 300 },
  );
});
