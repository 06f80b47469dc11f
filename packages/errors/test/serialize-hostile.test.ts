import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { NotFoundError } from '../src/index.ts';
import { deserializeError, serializeError } from '../src/serialize.ts';

const boom = (): never => {
  throw new Error('user code ran unguarded');
};
const revoked = (): unknown => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};
const cyclic = (): Error => {
  const error = new Error('a');
  error.cause = new Error('b', { cause: error });
  return error;
};
const deep = (): Error => {
  let error = new Error('bottom');
  for (let at = 0; at < 20_000; at++) error = new Error('x', { cause: error });
  return error;
};
const everyTrap = (target: object): unknown =>
  new Proxy(target, new Proxy({}, { get: () => boom }) as ProxyHandler<object>);

const values: Record<string, () => unknown> = {
  undefined: () => undefined,
  null: () => null,
  'a symbol': () => Symbol('x'),
  'a bigint': () => 10n,
  'a function': () => boom,
  'a revoked proxy': revoked,
  'every trap throws': () => everyTrap(new Error('x')),
  'throwing getters': () =>
    Object.defineProperties(new Error('x'), {
      cause: { get: boom },
      code: { get: boom },
      message: { get: boom },
      stack: { get: boom },
    }),
  'a toJSON that throws': () => new NotFoundError('x', { details: { a: { toJSON: boom, toString: boom } } }),
  'a cycle of causes': cyclic,
  'a cycle in details': () => {
    const details: Record<string, unknown> = {};
    details.self = details;
    return new NotFoundError('x', { details });
  },
  'an aggregate of itself': () => {
    const error = new AggregateError([]);
    error.errors.push(error);
    return error;
  },
  '20,000 causes': deep,
  frozen: () => Object.freeze(new NotFoundError('x')),
  'details with everything': () =>
    new NotFoundError('x', {
      details: {
        d: new Date(0),
        n: Number.NaN,
        b: 5n,
        f: boom,
        s: Symbol('s'),
        u: undefined,
        m: new Map([[1, 2]]),
        t: new Uint8Array(9),
        e: new Error('y'),
        p: revoked(),
      },
    }),
};

describe.each(Object.entries(values))('%s', (_name, make) => {
  it('is serialized to JSON and revived without a throw', () => {
    const data = serializeError(make());
    expect(typeof data.message).toBe('string');
    const back = deserializeError(JSON.parse(JSON.stringify(data)));
    expect(back).toBeInstanceOf(Error);
  });

  it('taken for data gives an error without a throw', () => {
    expect(deserializeError(make())).toBeInstanceOf(Error);
  });
});

it('writes dates and bigints as text and leaves out what JSON cannot hold', () => {
  const { details } = serializeError(values['details with everything']?.()).app ?? {};
  expect(JSON.parse(JSON.stringify(details))).toEqual({
    d: '1970-01-01T00:00:00.000Z',
    n: 'NaN',
    b: '5',
    m: {},
    t: {},
    e: { name: 'Error', message: 'y' },
    p: {},
  });
});

describe('data from outside', () => {
  const evil = (text: string): Error => deserializeError(JSON.parse(text));

  it('cannot reach a prototype at any depth', () => {
    const inner =
      '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"prototype":1,"ok":{"__proto__":{"polluted":1},"a":1}}';
    const back = evil(
      `{"name":"NotFoundError","message":"x","__proto__":{"polluted":1},"props":${inner},"app":{"category":"NOT_FOUND","details":${inner},"params":${inner}},"cause":{"value":${inner}}}`,
    ) as NotFoundError;
    expect(({} as Record<string, unknown>).polluted).toBe(undefined);
    expect(JSON.parse(JSON.stringify(back.details))).toEqual({ ok: { a: 1 } });
    expect(Object.getPrototypeOf(back.details)).toBe(null);
    expect(Object.getPrototypeOf(back.details?.ok)).toBe(null);
    expect(JSON.parse(JSON.stringify(back.cause))).toEqual({ ok: { a: 1 } });
    expect(Object.getPrototypeOf(back)).toBe(NotFoundError.prototype);
    expect('polluted' in back).toBe(false);
  });

  it('names no class but ours and the native ones', () => {
    for (const name of [
      'constructor',
      '__proto__',
      'Function',
      'Object',
      'process',
      'NotFoundError',
      'Array',
    ]) {
      const back = evil(JSON.stringify({ name, message: 'x' }));
      expect(Object.getPrototypeOf(back)).toBe(Error.prototype);
      expect(back.name).toBe(name);
    }
    const unknown = evil('{"name":"X","message":"x","app":{"category":"constructor","code":"A_CODE"}}');
    expect(Object.getPrototypeOf(unknown)).toBe(Error.prototype);
  });

  it('replaces nothing an error has', () => {
    const props = {
      toString: 'x',
      stack: 'x',
      message: 'y',
      cause: 1,
      toJSON: 'x',
      hasOwnProperty: 1,
      code: 'C',
    };
    const back = evil(JSON.stringify({ name: 'Error', message: 'x', props }));
    expect(String(back)).toBe('Error: x');
    expect([back.message, back.cause, Object.keys(back).sort()]).toEqual([
      'x',
      undefined,
      ['code', 'toJSON'],
    ]);
  });

  it('states only what an AppError may state', () => {
    const back = evil(
      '{"name":"AppError","message":"x","app":{"category":"CONFLICT","code":"bad code","httpStatus":200,"severity":"loud","safety":"sure","stated":["category","retry"],"retryAfterMs":-1,"violations":[1,{"path":2}],"params":{"a":{"b":1}},"details":"x"}}',
    );
    expect(back).toMatchObject({
      category: 'CONFLICT',
      code: 'CONFLICT',
      httpStatus: 409,
      severity: 'warning',
      retryAfterMs: undefined,
      violations: [],
      details: undefined,
    });
  });

  it('that holds no error says so, whatever it is', () => {
    for (const data of [
      undefined,
      null,
      1,
      'x',
      [],
      {},
      { name: 'X' },
      Object.create({ name: 'X', message: 'y' }),
    ])
      expect(deserializeError(data).message).toBe('The data holds no serialized error');
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(
          deserializeError({
            name: 'E',
            message: 'm',
            cause: value,
            app: value,
            props: value,
            errors: value,
          }),
        ).toBeInstanceOf(Error);
      }),
    );
  });
});

describe('limits', () => {
  const size = (value: unknown): number => JSON.stringify(value).length;

  it('cut texts, and say that something was left out', () => {
    const data = serializeError(new Error('m'.repeat(100_000)), { stack: false, maxStringLength: 20 });
    expect(data).toEqual({ name: 'Error', message: `${'m'.repeat(19)}…`, truncated: true });
    expect(serializeError(new Error('m'))).not.toHaveProperty('truncated');
  });

  it('hold the depth of causes and of values', () => {
    let levels = 0;
    for (let at = serializeError(deep()).cause; at !== undefined && 'error' in at; at = at.error.cause)
      levels += 1;
    expect(levels).toBe(10);
    expect(serializeError(new Error('a', { cause: new Error('b') }), { maxDepth: 0 })).not.toHaveProperty(
      'cause',
    );
    let data: object = { name: 'E', message: 'm' };
    for (let at = 0; at < 5000; at++) data = { name: 'E', message: 'm', cause: { error: data } };
    let revived = 0;
    for (let at = deserializeError(data).cause; at instanceof Error; at = at.cause) revived += 1;
    expect(revived).toBe(10);
  });

  it('hold breadth and total size against wide and deep data', () => {
    const wide = (depth: number): unknown =>
      depth === 0 ? 'x'.repeat(50) : Array.from({ length: 12 }, () => wide(depth - 1));
    const data = serializeError(new NotFoundError('x', { details: { a: wide(5) } }), { maxTotal: 4096 });
    expect(size(data)).toBeLessThan(3 * 4096);
    expect(data.truncated).toBe(true);
    const broad = serializeError(
      new NotFoundError('x', { details: { list: Array.from({ length: 5000 }, (_, at) => at) } }),
    );
    expect(broad.app?.details).toHaveProperty('list.length', 100);
    expect(broad.truncated).toBe(true);
  });

  it.each(['maxDepth', 'maxBreadth', 'maxStringLength', 'maxTotal'])('%s must be a whole number', (name) => {
    expect(() => serializeError(new Error('x'), { [name]: -1 })).toThrow(
      new RegExp(`^${name} must be an integer from \\d+ to \\d+, got -1$`),
    );
    expect(() => deserializeError({}, { [name]: 1.5 })).toThrow(RangeError);
  });
});
