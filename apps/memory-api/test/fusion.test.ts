import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fuse } from '../src/domain/fusion.ts';

const ids = (list: { id: string }[]): string[] => list.map(({ id }) => id);

describe('fusing two rankings', () => {
  it('puts what both found before what one found', () => {
    const fused = fuse(
      [
        { id: 'text', score: 4 },
        { id: 'both', score: 4 },
      ],
      [
        { id: 'both', score: 0.9 },
        { id: 'vector', score: 0.8 },
      ],
    );
    expect(ids(fused)[0]).toBe('both');
    expect(fused[0]!.score).toBeCloseTo(1, 10);
  });

  it('weighs words twice as much as meaning', () => {
    const fused = fuse(
      [{ id: 'text', score: 2 }],
      [
        { id: 'vector', score: 0.9 },
        { id: 'last', score: 0.1 },
      ],
    );
    expect(ids(fused)).toEqual(['text', 'vector', 'last']);
    expect(fused.map(({ score }) => score)).toEqual([2 / 3, 1 / 3, 0]);
  });

  it('is the one ranking when the other is empty', () => {
    expect(
      fuse(
        [
          { id: 'a', score: 8 },
          { id: 'b', score: 2 },
        ],
        [],
      ),
    ).toEqual([
      { id: 'a', score: 1 },
      { id: 'b', score: 0.25 },
    ]);
    expect(fuse([], [])).toEqual([]);
  });

  it('always gives each id once, scores in 0..1, best first', () => {
    const ranking = fc
      .uniqueArray(fc.integer({ min: 0, max: 30 }), { maxLength: 20 })
      .chain((keys) =>
        fc
          .array(fc.double({ min: -1, max: 50, noNaN: true }), {
            minLength: keys.length,
            maxLength: keys.length,
          })
          .map((scores) =>
            keys
              .map((key, at) => ({ id: String(key), score: scores[at]! }))
              .sort((one, other) => other.score - one.score),
          ),
      );
    fc.assert(
      fc.property(ranking, ranking, (text, vector) => {
        const positive = text
          .map(({ id, score }) => ({ id, score: Math.abs(score) }))
          .sort((a, b) => b.score - a.score);
        const fused = fuse(positive, vector);
        expect(new Set(ids(fused)).size).toBe(fused.length);
        expect(fused.length).toBe(new Set([...ids(text), ...ids(vector)]).size);
        fused.forEach(({ score }, at) => {
          expect(score).toBeGreaterThanOrEqual(0);
          expect(score).toBeLessThanOrEqual(1 + 1e-9);
          if (at > 0) expect(score).toBeLessThanOrEqual(fused[at - 1]!.score);
        });
      }),
    );
  });
});
