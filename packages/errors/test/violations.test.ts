import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createErrorResponse, type FieldViolation, handleError, ValidationError } from '../src/index.ts';
import { violationsIn } from '../src/violations.ts';

const found = (props: object): [path: string, code: string][] => {
  const { body } = createErrorResponse(handleError(Object.assign(new Error('x'), props)));
  return (body.error.violations ?? []).map(({ path, code }: FieldViolation) => [path, code]);
};

it('reads ajv, a missing property at its own path', () => {
  const errors = [
    { keyword: 'required', instancePath: '/user', params: { missingProperty: 'a/b' } },
    { keyword: 'minimum', instancePath: '/user/age', params: { limit: 3 } },
    { keyword: 'additionalProperties', instancePath: '', params: { additionalProperty: 'x' } },
  ];
  const expected = [
    ['/user/a~1b', 'REQUIRED'],
    ['/user/age', 'TOO_SMALL'],
    ['', 'UNKNOWN_FIELD'],
  ];
  expect(found({ name: 'ValidationError', ajv: true, validation: true, errors })).toEqual(expected);
  expect(found({ code: 'FST_ERR_VALIDATION', statusCode: 400, validation: errors })).toEqual(expected);
});

it('reads joi', () => {
  const details = [
    { type: 'any.required', path: ['a', 0, 'b'] },
    { type: 'string.max', path: ['c~d'] },
    { type: 'my.own.rule', path: [] },
  ];
  expect(found({ name: 'ValidationError', details })).toEqual([
    ['/a/0/b', 'REQUIRED'],
    ['/c~0d', 'TOO_BIG'],
    ['', 'INVALID'],
  ]);
});

it('reads yup, many findings or one', () => {
  const inner = [
    { path: 'a[0].b', type: 'typeError' },
    { path: '["x y"].c', type: 'required' },
  ];
  expect(found({ name: 'ValidationError', inner })).toEqual([
    ['/a/0/b', 'INVALID_TYPE'],
    ['/x y/c', 'REQUIRED'],
  ]);
  expect(found({ name: 'ValidationError', inner: [], path: 'age', type: 'min' })).toEqual([
    ['/age', 'TOO_SMALL'],
  ]);
});

it('reads valibot', () => {
  const issues = [
    { kind: 'validation', type: 'email', path: [{ type: 'object', key: 'mail', value: 'secret' }] },
  ];
  expect(found({ name: 'ValiError', issues })).toEqual([['/mail', 'INVALID_FORMAT']]);
});

it('names at most 100', () => {
  expect(found({ name: 'ZodError', issues: Array(500).fill({ code: 'too_big', path: [1] }) })).toHaveLength(
    100,
  );
});

it('keeps what an author declared, cleaned', () => {
  const violations = [
    { path: '/a', code: 'TAKEN', message: 'is\ntaken', params: { limit: 3, bad: {} as never } },
  ];
  const { body } = createErrorResponse(handleError(new ValidationError('x', { violations })));
  expect(body.error.violations).toEqual([
    { path: '/a', code: 'TAKEN', message: 'is taken', params: { limit: 3 } },
  ]);
});

it('writes pointers that lead back to the path', () => {
  const name = fc.stringMatching(/^[a-z~/ ]{1,12}$/);
  fc.assert(
    fc.property(fc.array(fc.oneof(name, fc.nat(99)), { maxLength: 6 }), (path) => {
      const [pair] = found({ name: 'ZodError', issues: [{ code: 'custom', path }] });
      const parts = (pair?.[0] ?? '').split('/').slice(1);
      expect(parts.map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))).toEqual(path.map(String));
    }),
  );
});

it('knows a rule by the whole of its name: another one is just not valid', () => {
  const codes = ['terminal', 'climax', 'information', 'prototype', 'any.required', 'constructor'].map(
    (type) => {
      const error = Object.assign(new Error('x'), {
        name: 'ValidationError',
        details: [{ path: ['a'], type }],
      });
      return violationsIn(error)?.violations[0]?.code;
    },
  );
  expect(codes).toEqual(['INVALID', 'INVALID', 'INVALID', 'INVALID', 'REQUIRED', 'INVALID']);
});
