import { describe, expect, it } from '@jest/globals';
import { createScriptedEmbedder } from './doubles/scripted-embedder.ts';

const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0);

describe('the scripted embedder of these tests', () => {
  it('gives unit vectors that are nearer the more words two texts share', async () => {
    const [a, b, c, empty] = await createScriptedEmbedder().embed([
      'tea in the morning',
      'Tea in the evening',
      'rockets',
      '',
    ]);
    expect(dot(a!, b!)).toBeGreaterThan(dot(a!, c!));
    for (const vector of [a, b, c, empty]) expect(Math.hypot(...vector!)).toBeCloseTo(1, 6);
  });

  it('turns calls away until it is ready, and settles who waits', async () => {
    const embedder = createScriptedEmbedder({ state: { status: 'loading' } });
    await expect(embedder.embed(['x'])).rejects.toMatchObject({
      code: 'EMBEDDER_UNAVAILABLE',
      retryable: true,
    });
    const settled = embedder.settled();
    embedder.enter({ status: 'ready' });
    await settled;
    expect(await embedder.embed(['x'])).toHaveLength(1);
  });

  it('fails as often as it is told to', async () => {
    const embedder = createScriptedEmbedder();
    const error = new Error('down');
    embedder.failWith(error, 1);
    await expect(embedder.embed(['x'])).rejects.toBe(error);
    expect(await embedder.embed(['x'])).toHaveLength(1);
    embedder.failWith(error);
    await expect(embedder.embed(['x'])).rejects.toBe(error);
    await expect(embedder.embed(['x'])).rejects.toBe(error);
    embedder.recover();
    expect(await embedder.embed(['x'])).toHaveLength(1);
    expect(embedder.calls).toHaveLength(5);
  });

  it('holds calls until they are released, aborted or closed', async () => {
    const embedder = createScriptedEmbedder();
    embedder.hold();
    const controller = new AbortController();
    const aborted = embedder.embed(['left'], controller.signal);
    const released = embedder.embed(['stayed']);
    controller.abort();
    await expect(aborted).rejects.toBe(controller.signal.reason);
    embedder.release();
    expect(await released).toHaveLength(1);
    embedder.hold();
    const closed = embedder.embed(['late']);
    await embedder.close();
    await expect(closed).rejects.toMatchObject({ code: 'EMBEDDER_UNAVAILABLE', retryable: false });
  });
});
