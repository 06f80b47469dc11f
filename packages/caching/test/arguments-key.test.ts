import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { argumentsKey } from '../src/arguments-key.ts';

const distinct: unknown[][] = [
  [],
  [undefined],
  [null],
  [Number.NaN],
  [0],
  ['0'],
  [1],
  ['1'],
  [1n],
  [true],
  ['true'],
  [''],
  ['', ''],
  [[]],
  [{}],
  [{ a: undefined }],
  [{ a: 1 }],
  [{ a: '1' }],
  [{ a: 1, b: 2 }],
  [[1, 2]],
  [1, 2],
  [[1], 2],
  [[1, [2]]],
  [new Date(0)],
  ['1970-01-01T00:00:00.000Z'],
  [new Date(1)],
  [new Date(Number.NaN)],
  [new Map()],
  [new Set()],
  [new Map([['a', 1]])],
  [new Map([['a', 2]])],
  [new Set([1])],
  [new Set([2])],
  [new Map([[1, 'a']])],
  [/a/],
  [/a/g],
  ['/a/'],
  [new URL('http://a.example/')],
  ['http://a.example/'],
  [new URLSearchParams('a=1')],
  [Buffer.from('a')],
  [new Uint8Array([97])],
  [new Uint16Array([97])],
  [new ArrayBuffer(1)],
  [Number.POSITIVE_INFINITY],
  ['Infinity'],
  // biome-ignore lint/suspicious/noSparseArray: a hole is the case
  [[,]],
  [[undefined]],
  ['a,b'],
  ['a', 'b'],
  ['s1:a'],
  [{ 's1:a': 1 }],
  ['x'.repeat(500)],
  ['x'.repeat(501)],
];

describe('argumentsKey', () => {
  it('gives each of these argument lists a key of its own', () => {
    expect(new Set(distinct.map(argumentsKey)).size).toBe(distinct.length);
  });

  it.each<[unknown, unknown]>([
    [
      { a: 1, b: 2 },
      { b: 2, a: 1 },
    ],
    [-0, 0],
    [Number.NaN, Number.NaN],
    [
      new Map([
        ['a', 1],
        ['b', 2],
      ]),
      new Map([
        ['b', 2],
        ['a', 1],
      ]),
    ],
    [new Set([1, 2]), new Set([2, 1])],
    [Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
    [new Date(5), new Date(5)],
  ])('takes %p and %p for equal', (one, two) => {
    expect(argumentsKey([one])).toBe(argumentsKey([two]));
  });

  const cyclic: Record<string, unknown> = {};
  cyclic['self'] = cyclic;
  class Point {
    x = 1;
  }
  class Zoned extends Date {
    zone = 'CET';
  }
  class Bare extends Date {}
  class Named extends Map {
    name = 'm';
  }
  class Bytes extends Uint8Array {}
  it.each([
    [new Zoned(0)],
    [new Bare(0)],
    [new Named()],
    [new Bytes(1)],
    [class extends Array {}.from([1])],
    [Object.assign([1], { total: 2 })],
    [Object.assign(new Date(0), { zone: 'CET' })],
    [Object.assign(new Map(), { name: 'm' })],
    [Object.assign(new Set(), { name: 's' })],
    [Object.assign(/a/, { name: 'r' })],
    [Object.assign(new URL('http://a.example/'), { name: 'u' })],
    [Object.defineProperty({ a: 1 }, 'hidden', { value: 2 })],
    [() => 1],
    [Symbol('s')],
    [cyclic],
    [new Point()],
    [{ f: () => 1 }],
    [new Error('e')],
    [{ [Symbol('s')]: 1 }],
  ])('refuses %p', (value) => {
    expect(() => argumentsKey([value])).toThrow(TypeError);
    expect(() => argumentsKey([value])).toThrow('give a key function');
  });

  it('a value met twice is not a cycle', () => {
    const shared = { a: 1 };
    expect(argumentsKey([shared, shared])).toBe(argumentsKey([{ a: 1 }, { a: 1 }]));
  });

  it('is equal exactly when JSON-like values are deeply equal', () => {
    const value = fc.jsonValue({ maxDepth: 3 });
    fc.assert(
      fc.property(value, value, (one, two) => {
        const same = (a: unknown, b: unknown) => JSON.stringify(sort(a)) === JSON.stringify(sort(b));
        return (argumentsKey([one]) === argumentsKey([two])) === same(one, two);
      }),
    );
  });
});

const sort = (value: unknown): unknown => {
  if (Array.isArray(value)) return ['A', ...value.map(sort)];
  if (value === null || typeof value !== 'object') return Object.is(value, -0) ? 0 : value;
  return [
    'O',
    ...Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([k, v]) => [k, sort(v)]),
  ];
};
