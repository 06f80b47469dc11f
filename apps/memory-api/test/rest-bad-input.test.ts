import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApi, type TestApi } from './harness.ts';

interface ErrorBody {
  detail: string | { type: string; loc: (string | number)[]; msg: string; input: unknown }[];
  code: string;
  request_id: string;
  retryable: boolean;
}

const UNKNOWN = '00000000-0000-4000-8000-000000000000';

describe('bad input over REST', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await startApi();
    await api.add('a memory that must outlive all of this');
  });
  afterAll(async () => {
    const { body } = await api.call<{ total: number }>('POST', '/api/v1/memories/filter', { user_id: 'ada' });
    await api.close();
    expect(body.total).toBe(1);
  });

  const add = (body: unknown) => api.call<ErrorBody>('POST', '/api/v1/memories/', body);

  it.each([
    [
      'a missing text',
      { user_id: 'ada' },
      { type: 'missing', loc: ['body', 'text'], msg: 'Field required', input: null },
    ],
    [
      'a number for a text',
      { user_id: 'ada', text: 7 },
      { type: 'string_type', loc: ['body', 'text'], msg: 'Input should be a valid string', input: 7 },
    ],
    [
      'an empty text',
      { user_id: 'ada', text: '' },
      {
        type: 'string_too_short',
        loc: ['body', 'text'],
        msg: 'Input should have at least 1 characters',
        input: '',
      },
    ],
    [
      'white space for a text',
      { user_id: 'ada', text: ' \n' },
      { type: 'value_error', loc: ['body', 'text'], input: ' \n' },
    ],
    [
      'NUL in a text',
      { user_id: 'ada', text: 'a\0b' },
      { type: 'value_error', loc: ['body', 'text'], msg: 'Input must not hold NUL or lone surrogates' },
    ],
    [
      'a lone surrogate in a text',
      { user_id: 'ada', text: 'a\ud800b' },
      { type: 'value_error', loc: ['body', 'text'], input: 'a\ufffdb' },
    ],
    [
      'a lone surrogate in a user id',
      { user_id: '\udc00', text: 'x' },
      { type: 'value_error', loc: ['body', 'user_id'] },
    ],
    [
      'a list for metadata',
      { user_id: 'ada', text: 'x', metadata: [] },
      { type: 'dict_type', loc: ['body', 'metadata'] },
    ],
    [
      'a word for infer',
      { user_id: 'ada', text: 'x', infer: 'maybe' },
      { type: 'bool_type', loc: ['body', 'infer'], input: 'maybe' },
    ],
    [
      'an empty app',
      { user_id: 'ada', text: 'x', app: '' },
      { type: 'string_too_short', loc: ['body', 'app'] },
    ],
    ['a list for a body', [], { type: 'dict_type', loc: ['body'] }],
  ])('answers 422 and the place for %s', async (_what, body, expected) => {
    const answer = await add(body);
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({ code: 'REQUEST_INVALID', retryable: false, detail: [expected] });
    expect(answer.body.request_id).toBe(answer.headers['x-request-id']);
  });

  it('answers 422 with the limit for a text of 1 MB, and does not send it back', async () => {
    const answer = await add({ user_id: 'ada', text: 'x'.repeat(1_000_000) });
    expect(answer.status).toBe(422);
    expect(answer.body.detail).toEqual([
      {
        type: 'string_too_long',
        loc: ['body', 'text'],
        msg: 'Input should have at most 100000 characters',
        input: `${'x'.repeat(200)}…`,
      },
    ]);
  });

  it('takes the longest text there may be, in any script', async () => {
    const text = '語'.repeat(100_000);
    const { status, body } = await api.call('POST', '/api/v1/memories/', { user_id: 'ada', text });
    expect(status).toBe(200);
    await api.call('DELETE', '/api/v1/memories/', { user_id: 'ada', memory_ids: [body.id] });
  });

  it('answers 413 for a body over the limit', async () => {
    const answer = await add({ user_id: 'ada', text: 'x'.repeat(3_000_000) });
    expect(answer).toMatchObject({
      status: 413,
      body: { code: 'BODY_TOO_LARGE', detail: 'The body is larger than 2097152 bytes' },
    });
  });

  it('answers 422 for JSON that is none, without a word of it', async () => {
    const answer = await api.call<ErrorBody>('POST', '/api/v1/memories/', '{"user_id": "ada", secret', {
      'content-type': 'application/json',
    });
    expect(answer).toMatchObject({
      status: 422,
      body: { code: 'MALFORMED_JSON', detail: [{ type: 'json_invalid', loc: ['body'] }] },
    });
    expect(JSON.stringify(answer.body)).not.toContain('secret');
  });

  it('answers 422 for no body at all, 415 for another media type', async () => {
    expect(
      await api.call('POST', '/api/v1/memories/', '', { 'content-type': 'application/json' }),
    ).toMatchObject({ status: 422 });
    expect(
      await api.call('POST', '/api/v1/memories/', 'hello', { 'content-type': 'text/plain' }),
    ).toMatchObject({
      status: 415,
      body: { code: 'MEDIA_TYPE_UNSUPPORTED' },
    });
  });

  it('refuses prototype poisoning in metadata', async () => {
    const answer = await api.call(
      'POST',
      '/api/v1/memories/',
      '{"user_id":"ada","text":"x","metadata":{"__proto__":{"a":1}}}',
      {
        'content-type': 'application/json',
      },
    );
    expect(answer.status).toBe(422);
  });

  it.each([
    [
      'GET',
      '/api/v1/memories/not-a-uuid',
      { type: 'uuid_parsing', loc: ['path', 'memory_id'], input: 'not-a-uuid' },
    ],
    ['GET', '/api/v1/memories/?user_id=ada&size=0', { type: 'greater_than_equal', loc: ['query', 'size'] }],
    ['GET', '/api/v1/memories/?user_id=ada&size=101', { type: 'less_than_equal', loc: ['query', 'size'] }],
    ['GET', '/api/v1/memories/?user_id=ada&page=one', { type: 'int_parsing', loc: ['query', 'page'] }],
    ['GET', '/api/v1/memories/', { type: 'missing', loc: ['query', 'user_id'] }],
    ['GET', '/api/v1/memories/categories', { type: 'missing', loc: ['query', 'user_id'] }],
    ['GET', '/api/v1/stats', { type: 'missing', loc: ['query', 'user_id'] }],
    ['GET', '/api/v1/apps/?sort_by=size', { type: 'enum', loc: ['query', 'sort_by'] }],
    [
      'PUT',
      `/api/v1/apps/${UNKNOWN}?is_active=perhaps`,
      { type: 'bool_parsing', loc: ['query', 'is_active'] },
    ],
    ['PUT', `/api/v1/apps/${UNKNOWN}`, { type: 'missing', loc: ['query', 'is_active'] }],
  ] as const)('answers 422 and the place for %s %s', async (method, url, expected) => {
    const answer = await api.call<ErrorBody>(method, url);
    expect(answer).toMatchObject({ status: 422, body: { code: 'REQUEST_INVALID', detail: [expected] } });
  });

  it.each([
    ['GET', '/api/v1/memories/?user_id=nobody', undefined, 'USER_NOT_FOUND'],
    ['POST', '/api/v1/memories/', { user_id: 'nobody', text: 'x' }, 'USER_NOT_FOUND'],
    ['POST', '/api/v1/memories/filter', { user_id: 'nobody' }, 'USER_NOT_FOUND'],
    ['POST', '/api/v1/memories/search', { user_id: 'nobody', query: 'x' }, 'USER_NOT_FOUND'],
    ['GET', '/api/v1/memories/categories?user_id=nobody', undefined, 'USER_NOT_FOUND'],
    ['GET', '/api/v1/stats?user_id=nobody', undefined, 'USER_NOT_FOUND'],
    ['GET', `/api/v1/memories/${UNKNOWN}`, undefined, 'MEMORY_NOT_FOUND'],
    ['PUT', `/api/v1/memories/${UNKNOWN}`, { memory_content: 'x', user_id: 'ada' }, 'MEMORY_NOT_FOUND'],
    ['DELETE', '/api/v1/memories/', { memory_ids: [UNKNOWN], user_id: 'ada' }, 'MEMORY_NOT_FOUND'],
    ['GET', `/api/v1/memories/${UNKNOWN}/related?user_id=ada`, undefined, 'MEMORY_NOT_FOUND'],
    ['GET', '/api/v1/nothing-here', undefined, 'ROUTE_NOT_FOUND'],
    ['PUT', '/api/v1/stats', {}, 'ROUTE_NOT_FOUND'],
  ] as const)('answers 404 for %s %s', async (method, url, body, code) => {
    const answer = await api.call<ErrorBody>(method, url, body);
    expect(answer).toMatchObject({
      status: 404,
      body: { code, detail: expect.any(String), retryable: false },
    });
  });

  it('answers RFC 9457 to who asks for it', async () => {
    const answer = await api.call(
      'POST',
      '/api/v1/memories/',
      { user_id: 'ada' },
      { accept: 'application/problem+json' },
    );
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(answer.body).toMatchObject({
      status: 422,
      code: 'REQUEST_INVALID',
      title: expect.any(String),
      type: expect.any(String),
    });
    expect(JSON.stringify(answer.body)).toContain('/text');
  });

  it.each([
    ['a path that can not be decoded', '/api/v1/memories/%E0%A4%A', 400, 'BAD_REQUEST'],
    ['a part of a path without end', `/api/v1/memories/${'x'.repeat(600)}`, 414, 'PATH_TOO_LONG'],
  ])('answers %s in the usual shape, with an id and without the path', async (_what, url, status, code) => {
    const answer = await api.call<ErrorBody>('GET', url);
    expect(answer).toMatchObject({ status, body: { code, detail: expect.any(String), retryable: false } });
    expect(answer.body.request_id).toBe(answer.headers['x-request-id']);
    expect(answer.body.request_id).toMatch(/^[\w-]{16,}$/);
    expect(JSON.stringify(answer.body)).not.toMatch(/%E0|xxx/);
    expect(await api.call('GET', url, undefined, { host: 'evil.example' })).toMatchObject({ status: 403 });
  });

  it.each([33, 3_000, 20_000])(
    'refuses metadata %i levels deep at once, and stores nothing',
    async (depth) => {
      const body = `{"user_id":"ada","text":"deep","metadata":${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}}`;
      const answer = await api.call<ErrorBody>('POST', '/api/v1/memories/', body, {
        'content-type': 'application/json',
      });
      expect(answer).toMatchObject({ status: 422, body: { code: 'REQUEST_INVALID' } });
    },
  );

  it('tells of a hundred faults at most', async () => {
    const memory_ids = Array.from({ length: 10_000 }, (_, at) => `bad-${at}`);
    const answer = await api.call<ErrorBody>('DELETE', '/api/v1/memories/', { user_id: 'ada', memory_ids });
    expect(answer.status).toBe(422);
    expect(answer.body.detail).toHaveLength(100);
  });

  it.each([
    ['NUL in metadata', { metadata: { a: ['\0'] } }],
    ['a lone surrogate in a key of metadata', { metadata: { b: { '\ud800': 1 } } }],
  ])('refuses %s', async (_what, more) => {
    expect(await add({ user_id: 'ada', text: 'x', ...more })).toMatchObject({ status: 422 });
  });
});
