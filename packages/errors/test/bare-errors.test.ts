import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { classify, createErrorResponse, handleError } from '../src/index.ts';
import * as tables from '../src/rules/tables.ts';
import type { Table } from '../src/rules/verdict.ts';

// An error that has only what the engine and Node put there is asked for less: that must never show.
const codes = [
  ['ECONNREFUSED', 'ENOENT', 'ETIMEDOUT', 'EACCES', 'HPE_INVALID_CONSTANT', 'ERR_TLS_HANDSHAKE', 'ABORT_ERR'],
  ['CIRCUIT_OPEN', 'LIMIT_FILE_SIZE', 'ERR_JWT_EXPIRED', 'SQLITE_BUSY', 'SQLITE_CONSTRAINT_UNIQUE'],
  ['ERR_SQLITE_ERROR', 'ER_DUP_ENTRY', 'P2002', '23505', '40001', 'FST_ERR_VALIDATION', 'UNAUTHORIZED'],
  ['insufficient_quota', 'NOBODY_KNOWS', '', 14, -32602, 11000, 3, 500, undefined],
].flat();
const types = [Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError];
const syscalls = ['connect', 'listen', 'spawn', 'getaddrinfo', 'read', undefined];
const message = fc.constantFrom('no news', 'OOM command not allowed', 'fetch failed', 'WRONGTYPE');

const parts = fc.record({
  type: fc.constantFrom(...types),
  code: fc.constantFrom(...codes),
  syscall: fc.constantFrom(...syscalls),
  message,
});
type Parts = typeof parts extends fc.Arbitrary<infer T> ? T : never;
const make = ({ type, code, syscall, message }: Parts, cause?: unknown): Error =>
  Object.assign(
    new type(message, cause === undefined ? {} : { cause }),
    code === undefined ? {} : { code },
    syscall === undefined ? {} : { syscall, errno: -1 },
  );

it('judges an error alike with and without something beside it that no rule knows', () => {
  fc.assert(
    fc.property(parts, fc.option(parts), (outer, inner) => {
      const bare = make(outer, inner === null ? undefined : make(inner));
      const more = Object.assign(make(outer, inner === null ? undefined : make(inner)), { note: 1 });
      expect(classify(bare)).toEqual(classify(more));
    }),
    { numRuns: 2000 },
  );
});

it('has the stack formatted for no error that its code already decides', () => {
  for (const code of ['ECONNREFUSED', 'ENOENT', 'ER_DUP_ENTRY', 'CIRCUIT_OPEN', 'ERR_INVALID_ARG_TYPE']) {
    let formatted = 0;
    const error = Object.assign(new Error('x'), { code });
    const get = (): string => `Error: x\n    at f (/srv/a.js:${++formatted}:1)`;
    Object.defineProperty(error, 'stack', { get, configurable: true });
    createErrorResponse(handleError(new TypeError('outer', { cause: error })));
    createErrorResponse(handleError(error));
    expect([code, formatted]).toEqual([code, 0]);
  }
});

it('sees what is there though it is not enumerable, behind a proxy or on a subclass', () => {
  const hidden = Object.defineProperty(new Error('x'), 'isBoom', { value: true });
  Object.defineProperty(hidden, 'output', { value: { statusCode: 404 } });
  class Late extends Error {
    get status(): number {
      return 404;
    }
    expose = true;
  }
  const proxy = new Proxy(new Error('x'), { get: (target, key) => Reflect.get(hidden, key, target) });
  for (const error of [hidden, new Late('x'), proxy]) expect(classify(error).category).toBe('NOT_FOUND');
});

it('asks the tables by whole entries: no property of an object is one', () => {
  for (const [name, table] of Object.entries(tables) as [string, Table][])
    for (const key of ['constructor', '__proto__', 'toString', '', ' ', 'weak'])
      expect([name, key, table(key)]).toEqual([name, key, undefined]);
});
