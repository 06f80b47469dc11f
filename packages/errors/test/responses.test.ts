import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import {
  createErrorResponse,
  errorTable,
  fromProblemDetails,
  handleError,
  NotFoundError,
  RateLimitError,
  type StructuredError,
  toJsonRpcError,
  toMcpToolResult,
  toProblemDetails,
  ValidationError,
} from '../src/index.ts';

const limited = handleError(new RateLimitError('log', { retryAfterMs: 1200 }), { correlationId: 'c\r\n1' });

describe('createErrorResponse', () => {
  it('answers with status, Retry-After in whole seconds, and public parts', () => {
    expect(createErrorResponse(limited)).toEqual({
      status: 429,
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'cache-control': 'no-store',
        'retry-after': '2',
      },
      body: {
        error: {
          code: 'RATE_LIMITED',
          message: 'Too many requests',
          category: 'RATE_LIMIT',
          retryable: true,
          retryAfterMs: 1200,
          requestId: 'c  1',
        },
      },
    });
  });

  it('names each bad field by JSON Pointer, without its value', () => {
    const schema = z.strictObject({ a: z.string(), 'b/c': z.array(z.object({ d: z.int().min(3) })) });
    const { error } = schema.safeParse({ a: 1, 'b/c': [{ d: 1 }], extra: 'secret' });
    const { body } = createErrorResponse(handleError(error), { format: 'problem' });
    expect(body.violations).toEqual([
      { path: '/a', code: 'INVALID_TYPE', message: 'has the wrong type' },
      { path: '/b~1c/0/d', code: 'TOO_SMALL', message: 'is too small or too short' },
      { path: '', code: 'UNKNOWN_FIELD', message: 'has a field that is not known' },
    ]);
  });

  it('takes code and text of an AppError inside a plain wrapper', () => {
    const inner = new NotFoundError('log', { code: 'USER_NOT_FOUND', userMessage: 'No such user' });
    expect(createErrorResponse(handleError(new Error('x', { cause: inner }))).body.error).toMatchObject({
      code: 'USER_NOT_FOUND',
      message: 'No such user',
    });
  });
});

describe('other wires', () => {
  it('writes JSON-RPC and MCP from the same parts', () => {
    const bad = handleError(
      new ValidationError('log', { violations: [{ path: '/a', code: 'REQUIRED', message: 'is required' }] }),
    );
    expect(toJsonRpcError(bad)).toMatchObject({
      code: -32602,
      message: 'The request is not valid',
      data: { code: 'VALIDATION_FAILED' },
    });
    expect(toMcpToolResult(bad)).toEqual({
      isError: true,
      content: [{ type: 'text', text: 'The request is not valid (VALIDATION_FAILED)\n- /a is required' }],
    });
  });

  it.each(Object.values(errorTable))('brings $category back from its problem document', (row) => {
    const document = {
      type: row.type,
      title: row.title,
      status: row.httpStatus,
      detail: 'theirs',
      code: 'THEIR_CODE',
      retryable: row.safety !== 'never',
    };
    const back = fromProblemDetails(document);
    expect(back).toMatchObject({ category: row.category, message: 'theirs' });
    const again = toProblemDetails(handleError(back));
    expect(again).toMatchObject({
      type: row.type,
      status: row.httpStatus,
      code: 'THEIR_CODE',
      retryable: document.retryable,
      detail: row.title,
    });
  });
});

describe('logs', () => {
  const record = (error: unknown): Record<string, unknown> => handleError(error).toLogRecord();

  it('masks URL logins and tokens, and leaves headers, config and bodies out of details', () => {
    const error = new NotFoundError('GET https://u:pw12345@h/x Bearer abcdefghij\nfake line', {
      details: { headers: { a: 1 }, body: 'b', password: 'p', id: 'i1' },
    });
    const found = record(error);
    expect(found.error).toMatchObject({ message: 'GET https://***@h/x Bearer *** fake line' });
    expect(found.details).toEqual({ password: '***', id: 'i1' });
    expect(JSON.stringify(found)).not.toMatch(/pw12345|abcdefghij/);
  });

  it('gives causes, root cause and OpenTelemetry attributes', () => {
    const root = Object.assign(new TypeError('deep'), { code: 'ECONNRESET' });
    const structured = handleError(new Error('top', { cause: new Error('mid', { cause: root }) }), {
      now: () => 0,
    });
    expect(structured.timestamp).toBe('1970-01-01T00:00:00.000Z');
    expect(structured.causes.map(({ message }) => message)).toEqual(['mid', 'deep']);
    expect(structured.rootCause).toEqual({ name: 'TypeError', code: 'ECONNRESET', message: 'deep' });
    expect(structured.toOtelAttributes()).toMatchObject({
      'error.type': 'NETWORK_FAILED',
      'exception.type': 'Error',
      'agent4.error.category': 'NETWORK',
    });
  });

  it('publishes what it handled while somebody listens', () => {
    const seen: unknown[] = [];
    const listen = (message: unknown): void => void seen.push(message);
    subscribe('agent4:errors:handled', listen);
    const structured: StructuredError = handleError(new Error('x'));
    unsubscribe('agent4:errors:handled', listen);
    handleError(new Error('y'));
    expect(seen).toEqual([structured]);
  });
});

describe('fingerprint', () => {
  const at = (line: number, props: object = {}, message = 'x'): string =>
    handleError(
      Object.assign(
        new Error(message),
        { stack: `Error: ${message}\n    at load (/srv/app/load.ts:${line}:9)` },
        props,
      ),
    ).fingerprint;

  it('is equal whatever the line and the message, and another for another code', () => {
    expect(at(1, {}, 'user 17')).toBe(at(99, {}, 'user 18'));
    expect(at(1, { code: 'A' })).not.toBe(at(1, { code: 'B' }));
    expect(at(1, { status: 404 })).not.toBe(at(1, { status: 401 }));
    expect(at(1, { cause: new TypeError('x') })).not.toBe(at(1));
  });

  it('falls back on the template of the message where no frame is known', () => {
    const said = (text: string): string => handleError(text).fingerprint;
    expect(said('no user 17 at 10.0.0.1:5432')).toBe(said('no user 18 at 10.0.0.2:5999'));
    expect(said('no user 17')).not.toBe(said('no order 17'));
  });
});

it('the README has the table, row by row', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const written = readme
    .split('\n')
    .map((line) => line.replaceAll(/ +/g, ' '))
    .filter((line) => / \| `\w+` \| `[A-Z_]+` \| /.test(line));
  expect(written).toEqual(
    Object.values(errorTable).map(
      (row) =>
        `| ${row.category} | \`${row.className}\` | \`${row.code}\` | ${row.statusCode} | ${row.httpStatus} | ${row.jsonRpcCode} | ${row.severity} | ${row.fault} | ${row.safety} |`,
    ),
  );
});
