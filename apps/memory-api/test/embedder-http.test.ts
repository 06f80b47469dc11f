import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createHttpEmbedder, type HttpEmbedderOptions } from '../src/embedding/http-embedder.ts';
import {
  type Answer,
  answerJson,
  answerVectors,
  breakOff,
  type EmbeddingEndpoint,
  neverAnswer,
  stallHalfway,
  startEmbeddingEndpoint,
} from './doubles/embedding-endpoint.ts';

const DIMS = 4;
const KEY = 'sk-secret-1234';

let endpoint: EmbeddingEndpoint;
beforeEach(async () => {
  endpoint = await startEmbeddingEndpoint(answerVectors(DIMS));
});
afterEach(() => endpoint.close());

const embedderWith = (options: Partial<HttpEmbedderOptions> = {}) =>
  createHttpEmbedder({ baseUrl: endpoint.baseUrl, model: 'small', dims: DIMS, apiKey: KEY, ...options });

const failureOf = async (call: Promise<unknown>): Promise<Error & Record<string, unknown>> =>
  call.then(
    () => {
      throw new Error('the call was answered');
    },
    (error) => error,
  );

describe('a request', () => {
  it('asks the OpenAI way, with the key as a bearer token', async () => {
    await embedderWith().embed(['one', 'two']);
    const [request] = endpoint.requests;
    expect(request?.path).toBe('/v1/embeddings');
    expect(request?.headers.authorization).toBe(`Bearer ${KEY}`);
    expect(request?.body).toEqual({ model: 'small', input: ['one', 'two'], encoding_format: 'float' });
  });

  it('carries no authorization where there is no key', async () => {
    await embedderWith({ apiKey: undefined }).embed(['one']);
    expect(endpoint.requests[0]?.headers.authorization).toBeUndefined();
  });

  it('keeps a path and a query of the base URL', async () => {
    await embedderWith({ baseUrl: `${endpoint.baseUrl}/deployments/x/?api-version=1` }).embed(['one']);
    expect(endpoint.requests[0]?.path).toBe('/v1/deployments/x/embeddings?api-version=1');
  });

  it('sends what endpoints accept: a space for an empty text, no half surrogate pair, no more than maxCharacters', async () => {
    await embedderWith({ maxCharacters: 5 }).embed(['', 'a\ud800b', 'abcdefgh']);
    expect(endpoint.requests[0]?.body.input).toEqual([' ', 'a\ufffdb', 'abcde']);
  });

  it('is split by maxBatch, and the vectors come back in order', async () => {
    const vectors = await embedderWith({ maxBatch: 2 }).embed(['a', 'bb', 'ccc', 'dddd', 'eeeee']);
    expect(endpoint.requests.map(({ body }) => body.input)).toEqual([
      ['a', 'bb'],
      ['ccc', 'dddd'],
      ['eeeee'],
    ]);
    expect(vectors.map((vector) => Math.round(vector[0]! / vector[1]!))).toEqual([1, 2, 3, 4, 5]);
  });

  it('is not made for no texts', async () => {
    expect(await embedderWith().embed([])).toEqual([]);
    expect(endpoint.requests).toHaveLength(0);
  });
});

describe('an answer', () => {
  it('is scaled to vectors of length 1', async () => {
    const [vector] = await embedderWith().embed(['abc']);
    expect(Math.hypot(...vector!)).toBeCloseTo(1, 6);
  });

  it('is put in order by its indexes', async () => {
    const data = [
      { index: 1, embedding: [0, 1, 0, 0] },
      { index: 0, embedding: [1, 0, 0, 0] },
    ];
    endpoint.script(answerJson({ data }));
    const vectors = await embedderWith().embed(['first', 'second']);
    expect(vectors.map((vector) => [...vector])).toEqual([
      [1, 0, 0, 0],
      [0, 1, 0, 0],
    ]);
  });

  const one = (embedding: unknown, index: unknown = 0): Answer =>
    answerJson({ data: [{ index, embedding }] });
  it.each<[string, Answer, string]>([
    ['that is not JSON', answerJson('<html>'), 'something that is not JSON'],
    ['null', answerJson('null'), 'without a data array'],
    ['without data', answerJson({ vectors: [] }), 'without a data array'],
    ['with too few vectors', answerJson({ data: [] }), 'with 0 vectors for 1 texts'],
    ['with a wrong index', one([1, 0, 0, 0], 7), 'with indexes that do not match the texts'],
    ['with an index that is no number', one([1, 0, 0, 0], '0'), 'with indexes that do not match the texts'],
    ['with base64', one('AAAA'), 'with an embedding that is not an array'],
    ['with other dimensions', one([1, 2]), 'with a vector of 2 dimensions, expected 4'],
    ['with null in a vector', one([1, null, 0, 0]), 'with a vector that holds no numbers'],
    [
      'with a number that is not finite',
      answerJson('{"data":[{"embedding":[1e999,0,0,0]}]}'),
      'with a vector that has no direction',
    ],
    ['with a vector of zeros', one([0, 0, 0, 0]), 'with a vector that has no direction'],
    ['without end', answerJson('9'.repeat(70_000)), 'with more than 65664 bytes'],
  ])('%s is refused as not worth a retry', async (_, answer, message) => {
    endpoint.script(answer);
    expect(await failureOf(embedderWith().embed(['one']))).toMatchObject({
      name: 'EmbedderError',
      code: 'EMBEDDER_BAD_RESPONSE',
      retryable: false,
      safety: 'never',
      message: `The embedding endpoint answered ${message}`,
    });
  });

  it('of any JSON gives unit vectors or EMBEDDER_BAD_RESPONSE, nothing else', async () => {
    let body = '';
    const fetch = async (): Promise<Response> => new Response(body);
    const embedder = embedderWith({ fetch });
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.json(), fc.array(fc.double(), { minLength: 4, maxLength: 4 })),
        async (value) => {
          body = typeof value === 'string' ? value : JSON.stringify({ data: [{ embedding: value }] });
          const outcome = await embedder.embed(['one']).catch((error) => error.code);
          if (outcome === 'EMBEDDER_BAD_RESPONSE') return true;
          return Math.abs(Math.hypot(...outcome[0]) - 1) < 1e-5;
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('an endpoint that does not answer well', () => {
  it.each([
    [500, 'EMBEDDER_UNAVAILABLE', true],
    [503, 'EMBEDDER_UNAVAILABLE', true],
    [408, 'EMBEDDER_UNAVAILABLE', true],
    [429, 'EMBEDDER_BUSY', true],
    [400, 'EMBEDDER_REFUSED', false],
    [401, 'EMBEDDER_REFUSED', false],
    [404, 'EMBEDDER_REFUSED', false],
    [307, 'EMBEDDER_REFUSED', false],
  ])(
    '%i becomes %s, retryable %s, and nothing of its body or the key is repeated',
    async (status, code, retryable) => {
      endpoint.script(
        answerJson({ error: { message: `Incorrect API key: ${KEY}` } }, status, { location: '/' }),
      );
      const error = await failureOf(embedderWith().embed(['private text']));
      expect(error).toMatchObject({ code, retryable, safety: retryable ? 'always' : 'never' });
      expect(error.message).toBe(`The embedding endpoint answered ${status}`);
      expect(`${error.stack} ${JSON.stringify(error)}`).not.toMatch(/sk-secret|private text/);
      expect(endpoint.requests).toHaveLength(1);
    },
  );

  it.each([
    ['seconds', '7', 7_000],
    ['a date', 'Thu, 01 Jan 1970 00:01:30 GMT', 30_000],
    ['a date that has passed', 'Thu, 01 Jan 1970 00:00:30 GMT', 0],
    ['neither', 'soon', undefined],
    ['a negative number', '-5', undefined],
  ])('and says when to come back in %s is believed', async (_, header, expected) => {
    endpoint.script(answerJson('{}', 429, { 'retry-after': header }));
    const error = await failureOf(embedderWith({ clock: () => 60_000 }).embed(['one']));
    expect(error.retryAfterMs).toBe(expected);
  });

  it('is asked again at the next call: a flapping one fails and succeeds in turn', async () => {
    const up = answerVectors(DIMS);
    const down = answerJson('{}', 502);
    endpoint.script(up, down, up, down, up);
    const embedder = embedderWith();
    const codes = [];
    for (let i = 0; i < 4; i++)
      codes.push(
        await embedder.embed(['x']).then(
          () => 'ok',
          (error) => error.code,
        ),
      );
    expect(codes).toEqual(['ok', 'EMBEDDER_UNAVAILABLE', 'ok', 'EMBEDDER_UNAVAILABLE']);
    expect(embedder.state()).toEqual({ status: 'ready' });
  });

  it('and hangs is given up after timeoutMs, before the head and in the middle of the body', async () => {
    const embedder = embedderWith({ timeoutMs: 40 });
    for (const answer of [neverAnswer, stallHalfway]) {
      endpoint.script(answer);
      expect(await failureOf(embedder.embed(['x']))).toMatchObject({
        code: 'EMBEDDER_TIMEOUT',
        retryable: true,
        safety: 'always',
        message: 'The embedding endpoint did not answer in 40 ms',
      });
    }
  });

  it('and breaks off in the middle of the body is unavailable, with the cause', async () => {
    endpoint.script(breakOff);
    const error = await failureOf(embedderWith().embed(['x']));
    expect(error).toMatchObject({ code: 'EMBEDDER_UNAVAILABLE', retryable: true });
    expect(error.cause).toBeDefined();
  });

  it('and is not there at all is unavailable, with the cause', async () => {
    const embedder = embedderWith();
    await endpoint.close();
    const error = await failureOf(embedder.embed(['x']));
    expect(error).toMatchObject({ code: 'EMBEDDER_UNAVAILABLE', retryable: true, safety: 'always' });
    expect((error.cause as { cause: { code: string } }).cause.code).toBe('ECONNREFUSED');
  });
});

describe('a call', () => {
  it('that is aborted rejects with the reason while the endpoint hangs', async () => {
    endpoint.script(neverAnswer);
    const controller = new AbortController();
    const reason = new Error('left');
    const call = failureOf(embedderWith().embed(['x'], controller.signal));
    await endpoint.arrived(1);
    controller.abort(reason);
    expect(await call).toBe(reason);
  });

  it('whose signal is aborted already makes no request', async () => {
    const reason = new Error('left');
    expect(await failureOf(embedderWith().embed(['x'], AbortSignal.abort(reason)))).toBe(reason);
    expect(endpoint.requests).toHaveLength(0);
  });

  it('that is pending or comes later is rejected by close', async () => {
    endpoint.script(neverAnswer);
    const embedder = embedderWith();
    const pending = failureOf(embedder.embed(['x']));
    await endpoint.arrived(1);
    await embedder.close();
    const closed = { code: 'EMBEDDER_UNAVAILABLE', retryable: false, message: 'The embedder is closed' };
    expect(await pending).toMatchObject(closed);
    expect(await failureOf(embedder.embed(['y']))).toMatchObject(closed);
    expect(embedder.state()).toMatchObject({ status: 'failed', code: 'EMBEDDER_CLOSED' });
  });
});

describe('construction', () => {
  it('names the model in the id, so that vectors of two models are never mixed', () => {
    expect([embedderWith().id, embedderWith().dims]).toEqual(['openai-compatible:small:4', 4]);
  });

  it.each<[Partial<HttpEmbedderOptions>, string]>([
    [{ dims: 0 }, 'dims must be an integer >= 1, got 0'],
    [{ timeoutMs: 0.5 }, 'timeoutMs must be an integer >= 1, got 0.5'],
    [{ maxBatch: -1 }, 'maxBatch must be an integer >= 1, got -1'],
    [{ maxCharacters: 0 }, 'maxCharacters must be an integer >= 1, got 0'],
    [{ model: ' ' }, 'model must name a model, got an empty string'],
    [{ baseUrl: 'ftp://x/v1' }, 'baseUrl must be an http or https URL without user and password'],
    [{ baseUrl: 'http://u:p@x/v1' }, 'baseUrl must be an http or https URL without user and password'],
    [{ apiKey: 'a\nb' }, 'apiKey must be visible ASCII without spaces'],
  ])('refuses %j', (options, message) => {
    expect(() => embedderWith(options)).toThrow(message);
  });
});
