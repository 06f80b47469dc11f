import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Candidate } from '../src/domain/memory-store.ts';
import { fuse, liftNeighbours } from '../src/domain/ranking.ts';

const candidate = (id: string, score: number, more: Partial<Candidate> = {}): Candidate => ({
  id,
  score,
  appId: 'app',
  position: Number(id.replace(/\D/g, '')) * 10,
  createdAt: 0,
  ...more,
});
const ids = (list: readonly Candidate[]): string[] => list.map(({ id }) => id);
const scores = (list: readonly Candidate[]): number[] => list.map(({ score }) => score);

describe('fusing two rankings', () => {
  it('puts what both found before what one found', () => {
    const fused = fuse(
      [candidate('text', 4), candidate('both', 4)],
      [candidate('both', 0.9), candidate('vector', 0.8)],
    );
    expect(ids(fused)[0]).toBe('both');
    expect(fused[0]!.score).toBeCloseTo(1, 10);
  });

  it('weighs words twice as much as meaning', () => {
    const fused = fuse([candidate('text', 2)], [candidate('vector', 0.9), candidate('last', 0.1)]);
    expect(ids(fused)).toEqual(['text', 'vector', 'last']);
    expect(scores(fused)).toEqual([2 / 3, 1 / 3, 0]);
  });

  it('is the one ranking when the other is empty', () => {
    const fused = fuse([candidate('a', 8), candidate('b', 2)], []);
    expect([ids(fused), scores(fused)]).toEqual([
      ['a', 'b'],
      [1, 0.25],
    ]);
    expect(fuse([], [])).toEqual([]);
  });
});

describe('lifting neighbours', () => {
  it('puts what stands beside a good answer before an equal that stands alone', () => {
    const lifted = liftNeighbours([
      candidate('best', 1, { position: 7 }),
      candidate('alone', 0.5, { position: 40 }),
      candidate('beside', 0.5, { position: 8 }),
    ]);
    expect(ids(lifted)).toEqual(['best', 'beside', 'alone']);
    const top = 1 + 0.5 * 0.3;
    expect(scores(lifted)).toEqual([1, (0.5 + 0.3) / top, 0.5 / top]);
  });

  it.each([
    ['another app', { appId: 'other', position: 8 }],
    ['three places away', { position: 10 }],
    ['written two hours later', { position: 8, createdAt: 7_200_000 }],
  ])('lifts nothing that is of %s', (_what, place) => {
    const lifted = liftNeighbours([candidate('best', 1, { position: 7 }), candidate('one', 0.5, place)]);
    expect(scores(lifted)).toEqual([1, 0.5]);
  });

  it('leaves a lone answer as it is', () => {
    expect(liftNeighbours([candidate('a', 0.4)])).toEqual([candidate('a', 0.4)]);
    expect(liftNeighbours([])).toEqual([]);
  });
});

it('always answers each id once, scores in 0..1, best first', () => {
  const ranking = fc.uniqueArray(fc.integer({ min: 0, max: 30 }), { maxLength: 20 }).chain((keys) =>
    fc
      .array(fc.double({ min: 0, max: 50, noNaN: true }), {
        minLength: keys.length,
        maxLength: keys.length,
      })
      .map((list) =>
        keys
          .map((key, at) => candidate(`m${key}`, list[at]!, { position: key }))
          .sort((one, other) => other.score - one.score),
      ),
  );
  fc.assert(
    fc.property(ranking, ranking, (text, vector) => {
      const ranked = liftNeighbours(fuse(text, vector));
      expect(new Set(ids(ranked))).toEqual(new Set([...ids(text), ...ids(vector)]));
      expect(new Set(ids(ranked)).size).toBe(ranked.length);
      ranked.forEach(({ score }, at) => {
        expect(score).toBeGreaterThanOrEqual(0);
        expect(score).toBeLessThanOrEqual(1 + 1e-9);
        if (at > 0) expect(score).toBeLessThanOrEqual(ranked[at - 1]!.score);
      });
    }),
  );
});
