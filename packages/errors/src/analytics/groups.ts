import { type Group, newGroup, otherKey } from './group.ts';

/** Of how many groups, the longest unseen, the weakest makes room. */
const considered = 16;

/**
 * At most `max` groups. When all places are taken a newcomer is counted in `_OTHER` and waits: it gets a place once it
 * was seen more often than the weakest of the groups unseen for longest was within the retention, at least twice. So a
 * flood of errors that each come once displaces nothing, and a new frequent error still gets a group.
 * What is displaced goes over to `_OTHER` with its counts: the totals stay exact.
 */
export class Groups {
  readonly #max: number;
  /** Longest unseen first. */
  readonly #groups = new Map<string, Group>();
  /** Sightings of those without a place, longest unseen first; as many as there are places. */
  readonly #waiting = new Map<string, { count: number; firstSeen: number }>();
  readonly other: Group = newGroup(
    {
      key: otherKey,
      title: 'All errors without a group of their own',
      category: 'UNKNOWN',
      severity: 'error',
    },
    0,
  );

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#groups.size;
  }

  get(key: string): Group | undefined {
    return this.#groups.get(key);
  }

  values(): IterableIterator<Group> {
    return this.#groups.values();
  }

  /** The group if it is there, as the one seen last. */
  touch(key: string): Group | undefined {
    const group = this.#groups.get(key);
    if (group === undefined) return undefined;
    this.#groups.delete(key);
    this.#groups.set(key, group);
    return group;
  }

  /**
   * Asks for a place for a key that has none. True when there is one: then `add` must follow.
   * @param from The first bucket within the retention.
   */
  admit(key: string, now: number, from: number): boolean {
    if (this.#groups.size < this.#max) return true;
    const seen = this.#waiting.get(key) ?? { count: 0, firstSeen: now };
    seen.count++;
    this.#waiting.delete(key);
    this.#waiting.set(key, seen);
    if (this.#waiting.size > this.#max)
      for (const oldest of this.#waiting.keys()) {
        this.#waiting.delete(oldest);
        break;
      }
    if (seen.count < 2) return false;
    const weakest = this.#weakest(from);
    if (seen.count <= weakest.recent) return false;
    this.#displace(weakest.group, from);
    return true;
  }

  /** Puts a group in; first seen when its key was first waiting. */
  add(about: Pick<Group, 'key' | 'title' | 'category' | 'severity'>, now: number): Group {
    const group = newGroup(about, this.#waiting.get(about.key)?.firstSeen ?? now);
    this.#waiting.delete(about.key);
    this.#groups.set(about.key, group);
    return group;
  }

  #weakest(from: number): { group: Group; recent: number } {
    let weakest: { group: Group; recent: number } | undefined;
    let looked = 0;
    for (const group of this.#groups.values()) {
      const recent = group.series.sum(from, Number.POSITIVE_INFINITY);
      if (weakest === undefined || recent < weakest.recent) weakest = { group, recent };
      if (++looked === considered || recent === 0) break;
    }
    return weakest as { group: Group; recent: number };
  }

  #displace(group: Group, from: number): void {
    const { other } = this;
    this.#groups.delete(group.key);
    other.firstSeen = other.count === 0 ? group.firstSeen : Math.min(other.firstSeen, group.firstSeen);
    other.count += group.count;
    other.lastSeen = Math.max(other.lastSeen, group.lastSeen);
    other.series.merge(group.series, from);
    other.baseline = undefined;
  }
}
