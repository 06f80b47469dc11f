import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Embedder } from '../src/domain/embedder.ts';
import { createMiniLmEmbedder } from '../src/embedding/minilm.ts';

// A machine that is busy takes many times the 13 ms of a text.
jest.setTimeout(30_000);

const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0);

describe('the embedded model', () => {
  let embedder: Embedder;
  beforeAll(async () => {
    embedder = createMiniLmEmbedder();
    await embedder.settled();
  });
  afterAll(() => embedder.close());

  const one = async (text: string): Promise<Float32Array> => (await embedder.embed([text]))[0]!;

  it('is ready after loading, under its own id and 384 dimensions', () => {
    expect([embedder.state(), embedder.id, embedder.dims]).toEqual([
      { status: 'ready' },
      'all-minilm-l6-v2-int8',
      384,
    ]);
  });

  it('gives the similarity that the published model gives', async () => {
    const [cat, feline] = await embedder.embed(['The cat sits on the mat.', 'A feline rests on a rug.']);
    expect(dot(cat!, feline!)).toBeCloseTo(0.5569, 3);
  });

  it('puts a paraphrase nearer than a sentence that shares more words', async () => {
    const [question, paraphrase, overlap] = await embedder.embed([
      'How do I reset my password?',
      'I forgot my login credentials and need new ones',
      'How do I bake my bread?',
    ]);
    expect(dot(question!, paraphrase!)).toBeGreaterThan(dot(question!, overlap!) + 0.2);
  });

  it.each([
    ['a sentence', 'Tuesday is the day of the release.'],
    ['the empty string', ''],
    ['white space', ' \n\t '],
    ['Japanese, emoji and a combining accent', '東京は夜 🗼 e\u0301te\u0301'],
    ['half a surrogate pair and NUL', 'a\ud800b\u0000c'],
    ['a word of 100,000 letters', 'a'.repeat(100_000)],
    ['a text of a million characters', 'memory of agents '.repeat(60_000)],
  ])('gives %s a vector of length 1', async (_, text) => {
    const vector = await one(text);
    expect([vector.length, Math.abs(Math.sqrt(dot(vector, vector)) - 1) < 1e-5]).toEqual([384, true]);
  });

  it('gives the same text the same vector, bit for bit', async () => {
    expect(await one('Prefers tea')).toEqual(await one('Prefers tea'));
  });

  it('gives a text the vector it has alone, whatever stands beside it in the call', async () => {
    const texts = ['ok', 'Prefers dark roast coffee', '', 'word '.repeat(300), 'She moved to Berlin in 2019'];
    const together = await embedder.embed(texts);
    for (const [i, text] of texts.entries()) expect(together[i]).toEqual(await one(text));
  });

  it('reads 256 tokens: what follows the 254th word changes nothing, what stands before it does', async () => {
    const head = 'tree '.repeat(254);
    const plain = await one(head);
    expect(await one(`${head}quarterly revenue report`)).toEqual(plain);
    expect(await one(`${'tree '.repeat(253)}revenue`)).not.toEqual(plain);
  });

  it('answers no texts with no vectors', async () => {
    expect(await embedder.embed([])).toEqual([]);
  });

  it('rejects at once with the reason of a signal that is already aborted', async () => {
    const reason = new Error('left');
    await expect(embedder.embed(['x'], AbortSignal.abort(reason))).rejects.toBe(reason);
  });

  it('rejects a waiting call with the reason as soon as it is aborted, and answers the others', async () => {
    const reason = new Error('left');
    const controller = new AbortController();
    const order: string[] = [];
    const first = embedder.embed(['one', 'two', 'three', 'four', 'five']).then(() => order.push('first'));
    const left = embedder.embed(['six'], controller.signal).catch((error) => order.push(error.message));
    controller.abort(reason);
    await Promise.all([first, left]);
    expect(order).toEqual(['left', 'first']);
  });

  it('answers a short call before a long one that came first is through', async () => {
    const order: string[] = [];
    const long = embedder
      .embed(Array.from({ length: 30 }, (_, i) => `text ${i}`))
      .then(() => order.push('long'));
    const short = embedder.embed(['a question']).then(() => order.push('short'));
    await Promise.all([long, short]);
    expect(order).toEqual(['short', 'long']);
  });

  it('leaves the event loop free while it works', async () => {
    let turns = 0;
    let over = false;
    const count = (): void => {
      turns++;
      if (!over) setImmediate(count);
    };
    setImmediate(count);
    await embedder.embed(Array.from({ length: 8 }, (_, i) => `A sentence about the number ${i}`));
    over = true;
    expect(turns).toBeGreaterThan(20);
  });
});

describe('closing', () => {
  it('rejects pending and later calls as unavailable and not worth a retry, twice over without harm', async () => {
    const embedder = createMiniLmEmbedder();
    await embedder.settled();
    const pending = embedder.embed(['x']);
    const closing = embedder.close();
    const unavailable = { code: 'EMBEDDER_UNAVAILABLE', retryable: false, message: 'The embedder is closed' };
    await expect(pending).rejects.toMatchObject(unavailable);
    await expect(embedder.embed(['x'])).rejects.toMatchObject(unavailable);
    await Promise.all([closing, embedder.close()]);
    expect(embedder.state()).toMatchObject({ status: 'failed', code: 'EMBEDDER_CLOSED' });
  });

  it('while loading settles those who wait', async () => {
    const embedder = createMiniLmEmbedder();
    const settled = embedder.settled();
    await embedder.close();
    await settled;
    expect(embedder.state().status).toBe('failed');
  });
});
