import { describe, expect, it } from '@jest/globals';
import { type ErrorKind, readError, toErrorView } from '../src/client.ts';
import {
  createErrorResponse,
  handleError,
  RateLimitError,
  toProblemDetails,
  ValidationError,
} from '../src/index.ts';

const now = (): number => 1_000_000;
const clock = { now, online: () => true };

const answer = (error: unknown, format: 'json' | 'problem'): Response => {
  const { status, headers, body } = createErrorResponse(handleError(error), { format, requestId: 'req-7' });
  return new Response(JSON.stringify(body), { status, headers });
};

describe('what this package answers', () => {
  for (const format of ['json', 'problem'] as const) {
    it(`is shown with fields by pointer, from ${format}`, async () => {
      const error = new ValidationError('private', {
        userMessage: 'Please mend two fields',
        violations: [
          { path: '/email', code: 'INVALID_FORMAT', message: 'has the wrong format' },
          { path: '/email', code: 'TOO_BIG', message: 'is too long', params: { maximum: 20 } },
          { path: '', code: 'INVALID', message: 'is not valid' },
        ],
      });
      const view = await readError(answer(error, format), clock);
      expect(JSON.parse(JSON.stringify(view))).toEqual({
        kind: 'caller',
        message: 'Please mend two fields',
        code: 'VALIDATION_FAILED',
        status: 400,
        fields: {
          '/email': [
            { path: '/email', code: 'INVALID_FORMAT', message: 'has the wrong format' },
            { path: '/email', code: 'TOO_BIG', message: 'is too long', params: { maximum: 20 } },
          ],
          '': [{ path: '', code: 'INVALID', message: 'is not valid' }],
        },
        canRetry: false,
        requestId: 'req-7',
      });
    });

    it(`says when to try again, from ${format}`, async () => {
      const view = await readError(answer(new RateLimitError('x', { retryAfterMs: 1500 }), format), clock);
      expect([view.kind, view.canRetry, view.retryAfterMs, view.retryAt]).toEqual([
        'caller',
        true,
        1500,
        1_001_500,
      ]);
    });
  }

  it('is read from a parsed body too', () => {
    const structured = handleError(new RateLimitError('x', { retryAfterMs: 2000 }));
    expect(toErrorView(toProblemDetails(structured), clock)).toMatchObject({
      code: 'RATE_LIMITED',
      status: 429,
      retryAt: 1_002_000,
    });
    expect(toErrorView(createErrorResponse(structured).body, clock)).toMatchObject({
      code: 'RATE_LIMITED',
      kind: 'caller',
      status: undefined,
      retryAt: 1_002_000,
    });
  });
});

describe('what others answer', () => {
  it('reads the errors array of RFC 9457 and a FastAPI detail', () => {
    const problem = {
      title: 'Not valid',
      status: 422,
      errors: [{ detail: 'must be > 0', pointer: '#/age' }],
    };
    const detail = {
      detail: [{ type: 'missing', loc: ['body', 'a/b', 0], msg: 'Field required' }],
      request_id: 'r',
    };
    expect(toErrorView(problem, clock)).toMatchObject({
      message: 'Not valid',
      code: 'VALIDATION_FAILED',
      fields: { '/age': [{ path: '/age', code: 'INVALID', message: 'must be > 0' }] },
    });
    expect(toErrorView(detail, clock)).toMatchObject({
      requestId: 'r',
      fields: { '/a~1b/0': [{ message: 'Field required' }] },
    });
  });

  it('takes status, Retry-After and request id from the answer when the body is a page', async () => {
    const headers = { 'retry-after': '3', 'x-request-id': 'edge-1', 'content-type': 'text/html' };
    const view = await readError(new Response('<h1>Bad gateway</h1>', { status: 502, headers }), clock);
    expect(view).toMatchObject({
      kind: 'server',
      code: 'UNAVAILABLE',
      message: 'The service is not available right now.',
      status: 502,
      canRetry: true,
      retryAfterMs: 3000,
      requestId: 'edge-1',
    });
  });

  it('understands Retry-After as a date and cuts a wait of days to an hour', async () => {
    const at = (seconds: number): string => new Date(now() + seconds * 1000).toUTCString();
    const waits = [];
    for (const text of [at(4), at(-4), at(90_000), '90000', 'soon', '-5', '1e3'])
      waits.push(
        (await readError(new Response('', { status: 503, headers: { 'retry-after': text } }), clock))
          .retryAfterMs,
      );
    expect(waits).toEqual([4000, 0, 3_600_000, 3_600_000, undefined, undefined, undefined]);
  });

  it('reads the Response an error of ky carries, and the data an error of axios or ofetch carries', async () => {
    const body = { code: 'USER_GONE', category: 'NOT_FOUND', detail: 'This user is gone' };
    const ky = Object.assign(new Error('Request failed with status code 404'), {
      response: new Response(JSON.stringify(body), { status: 404 }),
    });
    const axios = Object.assign(new Error('Request failed with status code 404'), {
      code: 'ERR_BAD_REQUEST',
      response: { status: 404, data: body, headers: { 'x-request-id': 'q' } },
    });
    const ofetch = Object.assign(new Error('[GET] "/x": 404'), { status: 404, data: body });
    for (const error of [ky, axios, ofetch])
      expect(await readError(error, clock)).toMatchObject({
        kind: 'caller',
        code: 'USER_GONE',
        message: 'This user is gone',
        status: 404,
      });
  });

  it('reads a body on a platform without streams', async () => {
    const native = { status: 409, headers: new Headers(), text: async () => '{"detail":"Taken"}' };
    expect((await readError(native, clock)).message).toBe('Taken');
  });

  const kinds: [number, ErrorKind, string][] = [
    [400, 'caller', 'VALIDATION_FAILED'],
    [401, 'caller', 'AUTHENTICATION_REQUIRED'],
    [418, 'caller', 'UNKNOWN'],
    [429, 'caller', 'RATE_LIMITED'],
    [499, 'cancelled', 'CANCELLED'],
    [500, 'server', 'UNKNOWN'],
    [503, 'server', 'UNAVAILABLE'],
    [200, 'server', 'UNKNOWN'],
  ];
  it.each(kinds)('shows a bare %i as %s, %s', async (status, kind, code) => {
    const view = await readError(new Response('', { status }), clock);
    expect([view.kind, view.code]).toEqual([kind, code]);
  });

  it.each<[string, unknown, number, ErrorKind]>([
    ['a change rolled back is not the caller', { code: 'ABORTED', category: 'ABORTED' }, 409, 'server'],
    ['a 500 is the server, whatever its category', { code: 'X_Y', category: 'AUTHORIZATION' }, 500, 'server'],
    ['a category nobody knows says nothing', { code: 'X_Y', category: 'pets' }, 404, 'caller'],
    ['a server that answers is not offline', { code: 'OFFLINE' }, 503, 'server'],
  ])('%s', async (_name, body, status, kind) => {
    expect((await readError(new Response(JSON.stringify(body), { status }), clock)).kind).toBe(kind);
  });
});

describe('texts', () => {
  it('takes yours by code before the server text and its own', () => {
    const messages = { RATE_LIMITED: 'Zu viele Anfragen', UNKNOWN: 'Etwas ging schief' };
    expect(toErrorView({ code: 'RATE_LIMITED', detail: 'Slow down' }, { messages }).message).toBe(
      'Zu viele Anfragen',
    );
    expect(toErrorView(null, { messages }).message).toBe('Etwas ging schief');
  });

  it('does not show the message of a thrown error', () => {
    const view = toErrorView(new Error('connect ECONNREFUSED 10.0.0.7:5432'), clock);
    expect([view.message, view.canRetry]).toEqual(['Something went wrong.', false]);
  });
});
