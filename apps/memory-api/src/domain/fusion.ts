import type { Candidate } from './memory-store.ts';

/** Measured on conversations: words tell more than meaning there, both together more than either. */
export const FUSION_WEIGHTS = { text: 1, vector: 0.5 } as const;

/** Moves scores to 0..1; `floor` is what becomes 0. */
const scaled = (candidates: readonly Candidate[], floor: number): Candidate[] => {
  const best = candidates[0]?.score ?? 0;
  const range = best - floor;
  return candidates.map(({ id, score }) => ({ id, score: range > 0 ? (score - floor) / range : 1 }));
};

/**
 * One ranking from two, best first: the weighted sum of min-max scaled scores, in 0..1.
 * A text score is scaled from 0 to its best, a cosine from the last candidate to the best:
 * any text match means something, while every vector has some cosine.
 */
export const fuse = (
  text: readonly Candidate[],
  vector: readonly Candidate[],
  weights: { text: number; vector: number } = FUSION_WEIGHTS,
): Candidate[] => {
  const total = (text.length > 0 ? weights.text : 0) + (vector.length > 0 ? weights.vector : 0);
  const sums = new Map<string, number>();
  const add = (candidates: readonly Candidate[], weight: number): void => {
    for (const { id, score } of candidates) sums.set(id, (sums.get(id) ?? 0) + (score * weight) / total);
  };
  add(scaled(text, 0), weights.text);
  add(scaled(vector, vector.length > 1 ? vector[vector.length - 1]!.score : 0), weights.vector);
  // Map order is text rank, then vector rank; the sort is stable, so equal scores keep it.
  return [...sums].map(([id, score]) => ({ id, score })).sort((one, other) => other.score - one.score);
};
