import { runInNewContext } from 'node:vm';
import { lazy } from '../src/index.ts';

const throwing = (): never => {
  throw new Error('hostile');
};
const revoked = (target: object = {}): object => {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
};
const deep = (levels: number, wrap: (inner: unknown) => unknown): unknown => {
  let value: unknown = 1;
  for (let at = 0; at < levels; at++) value = wrap(value);
  return value;
};
const cyclic = (): object => {
  const one: Record<string, unknown> = {};
  one.self = one;
  one.list = [one, { one }];
  return one;
};
const errorWith = (fields: object): Error => Object.assign(new Error('e'), fields);
const getter = (key: string, get: () => unknown): object =>
  Object.defineProperty({}, key, { get, enumerable: true });
const selfCaused = (): Error => {
  const error = new Error('self');
  error.cause = error;
  return error;
};
const trap = (name: keyof ProxyHandler<object>): object => new Proxy({ a: 1 }, { [name]: throwing });

/** Values that have broken loggers, by name. Each call makes one anew. */
export const hostileValues: Readonly<Record<string, () => unknown>> = {
  undefined: () => undefined,
  null: () => null,
  true: () => true,
  zero: () => 0,
  'minus zero': () => -0,
  NaN: () => Number.NaN,
  Infinity: () => Number.POSITIVE_INFINITY,
  'minus infinity': () => Number.NEGATIVE_INFINITY,
  'huge number': () => Number.MAX_VALUE,
  bigint: () => 2n ** 200n,
  'negative bigint': () => -1n,
  'empty text': () => '',
  NUL: () => 'a\0b',
  'line feed': () => 'a\nb',
  'carriage return': () => 'a\rb',
  'line separators': () => '\u2028\u2029',
  'C1 controls': () => '\u0085\u009b31m',
  DEL: () => '\u007f',
  ANSI: () => '\u001b[31mred\u001b[0m',
  'bidi controls': () => '\u202eabc\u2066',
  'byte order mark': () => '\ufeff',
  'lone high surrogate': () => 'a\ud800',
  'lone low surrogate': () => '\udc00a',
  'swapped surrogates': () => '\udc00\ud800',
  quotes: () => '"\\"\'`',
  'JSON in a text': () => '{"level":"evil","message":"x"}',
  'text of a line': () => '{"a":1}\n{"b":2}',
  'long text': () => 'x'.repeat(200_000),
  'long text of escapes': () => '\n'.repeat(100_000),
  'long text of emoji': () => '👍'.repeat(50_000),
  'per cent tokens': () => '%s %d %j %o %O %i %f %% %',
  'lone per cent': () => '%',
  'URL with login': () => 'https://ann:hunter2@h/?token=abc',
  'many URLs': () => 'https://a:b@c '.repeat(2_000),
  'query without end': () => `?${'a=b&'.repeat(10_000)}`,
  symbol: () => Symbol('s'),
  'symbol without text': () => Symbol(),
  'well-known symbol': () => Symbol.iterator,
  function: () => () => 1,
  'function without name': () => Object.defineProperty(() => 1, 'name', { value: '' }),
  'function whose name throws': () => Object.defineProperty(() => 1, 'name', { get: throwing }),
  class: () => class Point {},
  'async function': () => async () => 1,
  generator: () => (function* () {})(),
  'empty object': () => ({}),
  'null prototype': () => Object.create(null),
  'own __proto__': () => JSON.parse('{"__proto__":{"polluted":1}}'),
  'own constructor': () => ({ constructor: 'c', hasOwnProperty: 1, toString: 2, valueOf: null }),
  'reserved names': () => ({ timestamp: 1, level: 'evil', logger: 1, message: 'm', fields: 1 }),
  'key of nothing': () => ({ '': 1 }),
  'keys with controls': () => ({ 'a\nb': 1, 'a\u2028b': 2, '\ud800': 3, '\udfff': 4 }),
  'keys that look the same': () => ({ '\ud800': 1, '\ufffd': 2, '\udc00': 3 }),
  'long key': () => ({ ['k'.repeat(5_000)]: 1, ['k'.repeat(5_001)]: 2 }),
  'keys with quotes': () => ({ '"': 1, '\\': 2, '","x":"': 3 }),
  'the mark for more': () => ({ '…': 1 }),
  'many keys': () => Object.fromEntries(Array.from({ length: 5_000 }, (_, at) => [`k${at}`, at])),
  'symbol keys': () => ({ [Symbol('s')]: 1 }),
  'getter that throws': () => getter('bad', throwing),
  'getter that throws undefined': () =>
    getter('bad', () => {
      throw undefined;
    }),
  'getter that gives itself': () =>
    getter('again', function (this: object) {
      return this;
    }),
  'getter that grows': () => getter('more', () => hostileGrowth()),
  'setter only': () => Object.defineProperty({}, 'x', { set: () => {}, enumerable: true }),
  'frozen object': () => Object.freeze({ a: Object.freeze([1]) }),
  'sealed error': () => Object.seal(new Error('sealed')),
  cyclic: () => cyclic(),
  'cyclic array': () =>
    (() => {
      const list: unknown[] = [];
      list.push(list, [list]);
      return list;
    })(),
  'cyclic Map': () =>
    (() => {
      const map = new Map<unknown, unknown>();
      map.set('self', map).set(map, 1);
      return map;
    })(),
  'cyclic Set': () =>
    (() => {
      const set = new Set<unknown>();
      set.add(set);
      return set;
    })(),
  'deep objects': () => deep(20_000, (inner) => ({ inner })),
  'deep arrays': () => deep(20_000, (inner) => [inner]),
  'deep errors': () => deep(20_000, (cause) => new Error('e', { cause })),
  'deep Maps': () => deep(2_000, (inner) => new Map([['inner', inner]])),
  'toJSON that throws': () => ({ toJSON: throwing }),
  'toJSON that gives itself': () => ({
    a: 1,
    toJSON(): unknown {
      return this;
    },
  }),
  'toJSON that gives undefined': () => ({ toJSON: () => undefined }),
  'toJSON that gives a function': () => ({ toJSON: () => throwing }),
  'toJSON that grows': () => ({ toJSON: () => hostileGrowth() }),
  'toJSON that is no function': () => ({ toJSON: 1 }),
  'toJSON that is a revoked proxy': () => ({ toJSON: () => revoked() }),
  'toLogRecord that throws': () => ({ toLogRecord: throwing, a: 1 }),
  'toLogRecord that gives null': () => ({ toLogRecord: () => null, a: 1 }),
  'toString that throws': () => ({ toString: throwing }),
  'toPrimitive that throws': () => ({ [Symbol.toPrimitive]: throwing }),
  'toStringTag that throws': () => Object.defineProperty({}, Symbol.toStringTag, { get: throwing }),
  'toStringTag of an error': () => ({ [Symbol.toStringTag]: 'Error', message: 'm' }),
  // biome-ignore lint/suspicious/noThenProperty: that is what is hostile in it
  'then that throws': () => ({ then: throwing }),
  // biome-ignore lint/suspicious/noThenProperty: that is what is hostile in it
  thenable: () => ({ then: (done: (value: number) => void) => done(1) }),
  promise: () => Promise.resolve(1),
  'valid date': () => new Date(0),
  'invalid date': () => new Date(Number.NaN),
  'date far away': () => new Date(8.64e15),
  'date whose methods throw': () => Object.assign(new Date(0), { toISOString: throwing, toJSON: throwing }),
  'RegExp whose source throws': () => Object.defineProperty(/a/, 'source', { get: throwing }),
  URL: () => new URL('https://ann:hunter2@h/p?token=abc'),
  'search parameters': () => new URLSearchParams('token=abc'),
  Headers: () => new Headers({ authorization: 'Bearer abc' }),
  Buffer: () => Buffer.from('hi'),
  'large Buffer': () => Buffer.alloc(1_000_000, 7),
  'detached buffer': () =>
    (() => {
      const buffer = new ArrayBuffer(8);
      structuredClone(buffer, { transfer: [buffer] });
      return buffer;
    })(),
  'shared buffer': () => new SharedArrayBuffer(4),
  'typed array': () => new Float64Array([1, Number.NaN]),
  'BigInt array': () => new BigInt64Array([1n]),
  'large typed array': () => new Uint32Array(100_000),
  DataView: () => new DataView(new ArrayBuffer(2)),
  'sparse array': () => Object.assign([], { 4000000000: 1 }),
  'long sparse array': () => new Array(4_000_000_000),
  'array with keys': () => Object.assign([1], { extra: 2 }),
  'array of holes': () => Object.assign(new Array(3), { 2: 1 }),
  'array whose length lies': () => new Proxy([], { get: (_, key) => (key === 'length' ? 1e9 : undefined) }),
  'long array': () => Array.from({ length: 100_000 }, (_, at) => at),
  'array with a getter': () => Object.defineProperty([1, 2], 0, { get: throwing }),
  Map: () =>
    new Map<unknown, unknown>([
      [{}, 1],
      ['a', 2],
      [Number.NaN, 3],
      [null, 4],
    ]),
  'Map with methods of its own': () =>
    Object.assign(new Map([['a', 1]]), { entries: throwing, keys: throwing }),
  'large Map': () => new Map(Array.from({ length: 20_000 }, (_, at) => [`k${at}`, at])),
  'Map of secrets': () => new Map([['password', 'hunter2']]),
  'Set of anything': () => new Set<unknown>([{}, [], null, undefined, Symbol('s')]),
  WeakMap: () => new WeakMap(),
  WeakRef: () => new WeakRef({}),
  boxed: () => [Object('s'), Object(1), Object(true), Object(1n), Object(Symbol('s'))],
  'boxed whose valueOf throws': () => Object.assign(Object(1) as object, { valueOf: throwing }),
  'revoked proxy': () => revoked(),
  'revoked proxy of a function': () => revoked(() => 1),
  'revoked proxy of an array': () => revoked([]),
  'get trap': () => trap('get'),
  'ownKeys trap': () => trap('ownKeys'),
  'getPrototypeOf trap': () => trap('getPrototypeOf'),
  'getOwnPropertyDescriptor trap': () => trap('getOwnPropertyDescriptor'),
  'has trap': () => trap('has'),
  'proxy that answers everything': () => new Proxy(() => 1, { get: () => () => 'x' }),
  error: () => new Error('e'),
  'error without message': () => new Error(),
  'error with an empty name': () => errorWith({ name: '' }),
  'error whose message is an object': () => errorWith({ message: { a: 1 } }),
  'error whose stack is no text': () => errorWith({ stack: 5 }),
  'error whose stack throws': () => Object.defineProperty(new Error('e'), 'stack', { get: throwing }),
  'error whose message throws': () => Object.defineProperty(new Error('e'), 'message', { get: throwing }),
  'error that causes itself': () => selfCaused(),
  'error caused by a text': () => new Error('e', { cause: 'text' }),
  'error caused by null': () => new Error('e', { cause: null }),
  'error with reserved names': () => errorWith({ level: 'evil', timestamp: 1, message2: 'x' }),
  'error with a long message': () => new Error('m'.repeat(100_000)),
  'error with a request': () => errorWith({ config: { headers: { authorization: 'Bearer abc' } } }),
  'error of many': () => new AggregateError([new Error('1'), 'two', null], 'many'),
  'error of very many': () =>
    new AggregateError(
      Array.from({ length: 5_000 }, () => new Error('x')),
      'many',
    ),
  'error of another realm': () => runInNewContext('new TypeError("far")'),
  'object of another realm': () => runInNewContext('({ a: [1], d: new Date(0), m: new Map([[1, 2]]) })'),
  DOMException: () => new DOMException('aborted', 'AbortError'),
  'frozen error': () => Object.freeze(new Error('frozen')),
  'error with a toJSON that throws': () => errorWith({ toJSON: throwing }),
  'error with accessors': () =>
    Object.defineProperty(new Error('e'), 'code', { get: throwing, enumerable: true }),
  'abort signal': () => AbortSignal.abort(new Error('r')),
  'event target': () => new EventTarget(),
  'global object': () => globalThis,
  process: () => process,
  'lazy value': () => lazy(() => ({ a: 1 })),
  'lazy value that throws': () => lazy(throwing),
  'lazy value of a lazy value': () => lazy(() => lazy(() => 1)),
  arguments: () =>
    (function (..._given: unknown[]) {
      // biome-ignore lint/complexity/noArguments: the object itself is the value
      return arguments;
    })(1, 2),
  'class with private fields': () =>
    new (class {
      #x = 1;
      get x(): number {
        return this.#x;
      }
      own = 2;
    })(),
  'ORM entity': () =>
    new (class {
      id = 1;
      get relation(): never {
        return throwing();
      }
      toJSON(): object {
        return { id: this.id };
      }
    })(),
};

let growth = 0;
const hostileGrowth = (): object => ({ step: ++growth, more: getter('more', () => hostileGrowth()) });
