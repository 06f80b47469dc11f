import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import * as surface from '../src/index.ts';
import {
  AppError,
  ConflictError,
  classify,
  DatabaseError,
  defineErrors,
  errorTable,
  InternalError,
  isAppError,
  NotFoundError,
  UnavailableError,
} from '../src/index.ts';

const exported = new Map<string, unknown>(Object.entries(surface));
const classes = Object.values(errorTable).filter((row) => row.className !== 'AppError');

const bare = Object.create(null) as never;
const trap = new Proxy(
  {},
  new Proxy(
    {},
    {
      get: () => () => {
        throw new Error('trap');
      },
    },
  ),
) as never;

describe('constructors', () => {
  it.each<[string, never]>([
    ['null', null as never],
    ['a number', 5 as never],
    ['a text', 'x' as never],
    ['a symbol', Symbol('o') as never],
    ['a proxy that throws', trap],
    ['an object without a prototype', bare],
    [
      'getters that throw',
      {
        get code() {
          throw new Error('trap');
        },
        get cause() {
          throw new Error('trap');
        },
      } as never,
    ],
    ...[
      'code',
      'category',
      'details',
      'params',
      'userMessage',
      'i18nKey',
      'violations',
      'retryable',
      'safety',
    ]
      .concat('retryAfterMs', 'httpStatus', 'severity')
      .flatMap((name): [string, never][] =>
        [null, 5, Symbol('v'), bare, trap].map((value, at) => [
          `${name} (${at})`,
          { [name]: value } as never,
        ]),
      ),
  ])('leave out options that do not hold, and never throw: %s', (_name, options) => {
    for (const Class of [AppError, NotFoundError]) {
      const error = new Class('text', options);
      expect(error.message).toBe('text');
      expect(error.userMessage).toBe(errorTable[Class === AppError ? 'INTERNAL' : 'NOT_FOUND'].title);
      expect(error.violations).toEqual([]);
      expect(() => JSON.stringify(error)).not.toThrow();
    }
  });

  it.each<[unknown, string]>([
    [Symbol('why'), 'Symbol(why)'],
    [null, 'null'],
    [undefined, ''],
    [5, '5'],
    [bare, ''],
    [trap, ''],
  ])('take a message that is no text (%#)', (message, shown) => {
    expect(new AppError(message as never).message).toBe(shown);
  });

  it('keep a cause of undefined apart from none', () => {
    expect(Object.hasOwn(new AppError('x', { cause: undefined }), 'cause')).toBe(true);
    expect(Object.hasOwn(new AppError('x', null as never), 'cause')).toBe(false);
  });
});

describe('classes over the table', () => {
  it.each(classes.map((row) => [row.className, row] as const))('%s has the facts of its row', (name, row) => {
    const Class = exported.get(name) as typeof AppError;
    const error = new Class('for logs');
    expect(error.name).toBe(name);
    expect(Object.hasOwn(error, 'name')).toBe(false);
    expect(error.stack?.split('\n')[0]).toBe(`${name}: for logs`);
    expect(JSON.parse(JSON.stringify(error))).toMatchObject({ name, code: row.code, category: row.category });
    expect(classify(error)).toMatchObject({
      category: row.category,
      statusCode: row.statusCode,
      httpStatus: row.httpStatus,
      severity: row.severity,
      fault: row.fault,
      retry: { safety: row.safety, retryable: row.safety !== 'never' },
      evidence: { rule: 'app-error', matched: row.category, at: 'error' },
    });
    expect(error).toBeInstanceOf(Class);
    expect(error).toBeInstanceOf(AppError);
    expect(error).toBeInstanceOf(Error);
  });

  it('keeps message, details, cause and stack out of the JSON form', () => {
    const error = new ConflictError('log text', { details: { a: 'detail' }, cause: new Error('cause') });
    expect(error.toJSON()).toEqual({
      name: 'ConflictError',
      code: 'CONFLICT',
      category: 'CONFLICT',
      userMessage: 'The request conflicts with what is stored',
      retryable: false,
    });
  });

  it('tells one class from another, and subclasses from their base', () => {
    class UserGone extends NotFoundError {}
    expect(new UserGone('x') instanceof NotFoundError).toBe(true);
    expect(new UserGone('x') instanceof UserGone).toBe(true);
    expect(new NotFoundError('x') instanceof UserGone).toBe(false);
    expect((new NotFoundError('x') as unknown) instanceof ConflictError).toBe(false);
    expect(({} as unknown) instanceof AppError).toBe(false);
    expect((null as unknown) instanceof AppError).toBe(false);
  });

  it('recognises an error of another copy by its brands, in another realm too', () => {
    const copy = runInNewContext(`
      const error = new Error('x');
      for (const name of ['AppError', 'NotFoundError']) error[Symbol.for('agent4.errors.' + name)] = true;
      Object.assign(error, { category: 'NOT_FOUND', code: 'USER_NOT_FOUND', userMessage: 'No such user' });
      error`);
    expect(copy instanceof Error).toBe(false);
    expect(isAppError(copy)).toBe(true);
    expect(copy instanceof NotFoundError).toBe(true);
    expect(copy instanceof ConflictError).toBe(false);
    expect(classify(copy)).toMatchObject({ category: 'NOT_FOUND', httpStatus: 404 });
  });

  it('leaves out options that do not hold instead of throwing', () => {
    const error = new NotFoundError('x', {
      code: 'not upper',
      httpStatus: 200,
      severity: 'loud' as never,
      safety: 'maybe' as never,
      retryAfterMs: -1,
    });
    expect(error).toMatchObject({ code: 'NOT_FOUND', httpStatus: 404, severity: 'warning', safety: 'never' });
    expect(error.retryAfterMs).toBeUndefined();
  });

  it('keeps `cause` absent when none was given', () => {
    expect('cause' in new NotFoundError('x')).toBe(false);
    expect('cause' in new NotFoundError('x', { cause: undefined })).toBe(true);
  });
});

describe('the verdict an author states', () => {
  const reset = Object.assign(new Error('x'), { code: 'ECONNRESET' });
  const refused = Object.assign(new Error('x'), { code: 'ECONNREFUSED' });

  it('beats the cause', () => {
    expect(classify(new NotFoundError('x', { cause: reset }))).toMatchObject({
      category: 'NOT_FOUND',
      retry: { safety: 'never' },
    });
    expect(classify(new InternalError('x', { cause: reset }))).toMatchObject({
      category: 'INTERNAL',
      retry: { safety: 'never' },
    });
  });

  it('takes the retry verdict of the cause where the category only tells the place', () => {
    expect(classify(new DatabaseError('x', { cause: refused }))).toMatchObject({
      category: 'DATABASE',
      httpStatus: 500,
      retry: { retryable: true, safety: 'not-sent' },
    });
    expect(classify(new UnavailableError('x', { cause: refused })).retry.safety).toBe('not-sent');
    expect(classify(new DatabaseError('x', { cause: refused, retryable: false })).retry.retryable).toBe(
      false,
    );
  });

  it('yields to the cause where a base AppError states no category', () => {
    expect(classify(new AppError('x', { code: 'IMPORT_FAILED', cause: refused }))).toMatchObject({
      category: 'NETWORK',
      httpStatus: 503,
      retry: { safety: 'not-sent' },
      evidence: { at: 'error.cause' },
    });
    expect(classify(new AppError('x', { cause: refused, httpStatus: 500 + 2 })).httpStatus).toBe(502);
    expect(classify(new AppError('x', { cause: refused, safety: 'never' })).retry.safety).toBe('never');
    expect(classify(new AppError('x', { category: 'RESOURCE', cause: reset })).category).toBe('RESOURCE');
    expect(classify(new AppError('x')).category).toBe('INTERNAL');
  });

  it('makes a category retryable that is not by default, for idempotent calls', () => {
    expect(classify(new ConflictError('x', { retryable: true, retryAfterMs: 250 })).retry).toEqual({
      retryable: true,
      safety: 'idempotent-only',
      afterMs: 250,
    });
  });
});

describe('defineErrors', () => {
  const errors = defineErrors({
    USER_NOT_FOUND: { category: 'NOT_FOUND', message: 'User {userId} not found' },
    PLAN_LIMIT: {
      category: 'RESOURCE',
      message: 'The plan is used up',
      httpStatus: 402,
      severity: 'warning',
      safety: 'never',
    },
  });

  it('makes an error of the category with code and public text', () => {
    const error = errors.USER_NOT_FOUND({ userId: 'u1' }, { details: { shard: 3 }, cause: 'why' });
    expect(error).toBeInstanceOf(NotFoundError);
    expect(error).toMatchObject({
      code: 'USER_NOT_FOUND',
      userMessage: 'User u1 not found',
      details: { shard: 3 },
      cause: 'why',
    });
    expect(errors.USER_NOT_FOUND.code).toBe('USER_NOT_FOUND');
    const limit = errors.PLAN_LIMIT();
    expect(limit).toMatchObject({
      category: 'RESOURCE',
      httpStatus: 402,
      severity: 'warning',
      safety: 'never',
    });
    expect(classify(limit)).toMatchObject({
      category: 'RESOURCE',
      httpStatus: 402,
      retry: { retryable: false },
    });
  });

  it('types the parameters from the template', () => {
    const wrong = [
      // @ts-expect-error userId is missing
      () => errors.USER_NOT_FOUND({}),
      // @ts-expect-error the template has no such place
      () => errors.PLAN_LIMIT({ other: 1 }),
      // @ts-expect-error not a code of the catalogue
      () => errors.NOBODY(),
    ];
    expect(wrong).toHaveLength(3);
  });

  it('begins the stack where the factory was called', () => {
    const frame = errors.PLAN_LIMIT().stack?.split('\n')[1];
    expect(frame).toContain('app-errors.test.ts');
  });

  it('cleans and cuts parameters, and leaves a place without one as it is', () => {
    const long = errors.USER_NOT_FOUND({
      userId: `a\r\n\u001b[31m\u202e\ud800${'b'.repeat(300)}`,
    }).userMessage;
    expect(long).toMatch(/^User a {3}\[31m {2}b+… not found$/);
    expect(long.length).toBe('User  not found'.length + 100);
    expect(errors.USER_NOT_FOUND({} as never).userMessage).toBe('User {userId} not found');
    expect(errors.USER_NOT_FOUND({ userId: '{userId}' }).userMessage).toBe('User {userId} not found');
  });

  it.each([
    [
      { lower: { category: 'NOT_FOUND', message: 'x' } },
      'an error code must be UPPER_SNAKE of 2 to 63 characters, got lower',
    ],
    [
      { BAD: { category: 'constructor', message: 'x' } },
      'BAD.category must be a category of errorTable, got constructor',
    ],
    [{ BAD: { category: 'CONFLICT', message: '' } }, 'BAD.message must be a non-empty string, got '],
    [
      { BAD: { category: 'CONFLICT', message: 'x', httpStatus: 200 } },
      'BAD.httpStatus must be an integer from 400 to 599, got 200',
    ],
  ])('refuses %j', (definitions, message) => {
    expect(() => defineErrors(definitions as never)).toThrow(new TypeError(message));
  });
});
