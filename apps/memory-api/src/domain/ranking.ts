import type { Candidate } from './memory-store.ts';

/** Measured on conversations: words tell more than meaning there, both together more than either. */
const WEIGHTS = { text: 1, vector: 0.5 } as const;

/** What a neighbour one or two places away gives: this share of its score, and that share of the share. */
const NEIGHBOUR_SHARE = 0.3;
const NEIGHBOUR_REACH = 2;
/** Neighbours were written in one sitting. */
const NEIGHBOUR_WITHIN_MS = 3_600_000;

/** Moves scores to 0..1; `floor` is what becomes 0. */
const scaled = (candidates: readonly Candidate[], floor: number): Candidate[] => {
  const range = (candidates[0]?.score ?? 0) - floor;
  return candidates.map((one) => ({ ...one, score: range > 0 ? (one.score - floor) / range : 1 }));
};

const bestFirst = (candidates: Candidate[]): Candidate[] =>
  candidates.sort((one, other) => other.score - one.score);

/**
 * One ranking from two, best first: the weighted sum of min-max scaled scores, in 0..1.
 * A text score is scaled from 0 to its best, a cosine from the last candidate to the best:
 * any text match means something, while every vector has some cosine.
 */
export const fuse = (text: readonly Candidate[], vector: readonly Candidate[]): Candidate[] => {
  const total = (text.length > 0 ? WEIGHTS.text : 0) + (vector.length > 0 ? WEIGHTS.vector : 0);
  const sums = new Map<string, Candidate>();
  const add = (candidates: readonly Candidate[], weight: number): void => {
    for (const one of candidates)
      sums.set(one.id, { ...one, score: (sums.get(one.id)?.score ?? 0) + (one.score * weight) / total });
  };
  add(scaled(text, 0), WEIGHTS.text);
  add(scaled(vector, vector.length > 1 ? vector[vector.length - 1]!.score : 0), WEIGHTS.vector);
  // The map's order is text rank, then vector rank; the sort is stable, so equal scores keep it.
  return bestFirst([...sums.values()]);
};

/**
 * Lifts each candidate by a share of what its neighbours scored: what was written just before or after
 * a good answer, by the same app in one sitting, is more likely to be one too.
 * It only reorders: what neither words nor meaning found does not come in. The best score stays in 0..1.
 */
export const liftNeighbours = (ranked: readonly Candidate[]): Candidate[] => {
  const placeOf = (appId: string, position: number): string => `${appId}:${position}`;
  const byPlace = new Map(ranked.map((one) => [placeOf(one.appId, one.position), one]));
  const lifted = ranked.map((one) => {
    let score = one.score;
    for (let distance = 1; distance <= NEIGHBOUR_REACH; distance++)
      for (const position of [one.position - distance, one.position + distance]) {
        const neighbour = byPlace.get(placeOf(one.appId, position));
        if (neighbour !== undefined && Math.abs(neighbour.createdAt - one.createdAt) <= NEIGHBOUR_WITHIN_MS)
          score += neighbour.score * NEIGHBOUR_SHARE ** distance;
      }
    return { ...one, score };
  });
  const best = Math.max(1, ...lifted.map((one) => one.score));
  return bestFirst(lifted.map((one) => ({ ...one, score: one.score / best })));
};
