/** How W-TinyLFU divides its room, and whom it lets in. */
export interface Stance {
  /** The share of the room that newcomers pass through in order of use; 1 is plain LRU. */
  readonly windowShare: number;
  /** By how much a newcomer must have been used more often than the entry it would replace, at least 1. */
  readonly lead: number;
}

/**
 * What the policy chooses among. In the first the use that brings a newcomer in does not count for it, or in a loop
 * longer than the cache each newcomer would beat an entry whose turn is yet to come. The second is W-TinyLFU as first
 * published, the third leaves more to recency, the last is plain LRU.
 */
export const stances: readonly Stance[] = [
  { windowShare: 0.01, lead: 2 },
  { windowShare: 0.01, lead: 1 },
  { windowShare: 0.2, lead: 1 },
  { windowShare: 1, lead: 1 },
];

/** Good on most loads, best on few: where the policy starts. */
export const firstStance = 2;

/** The share of the main space for entries used again there. */
const protectedShare = 0.8;

export const windowOf = (stance: Stance, capacity: number): number =>
  Math.min(capacity, Math.max(1, Math.round(capacity * stance.windowShare)));

export const protectedOf = (stance: Stance, capacity: number): number =>
  Math.floor((capacity - windowOf(stance, capacity)) * protectedShare);
