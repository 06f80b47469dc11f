const tick = 1 / 1024;

/**
 * Hands out numbers that always grow, near the wall clock in ms, so that "written before or after" has one answer even
 * inside a millisecond and when the clock jumps back. A stamp seen from another process moves ours past it.
 */
export class Stamps {
  readonly #wall: () => number;
  #last = 0;

  constructor(wall: () => number) {
    this.#wall = wall;
  }

  next(): number {
    this.#last = Math.max(this.#wall(), this.#last + tick);
    return this.#last;
  }

  observe(stamp: number): void {
    if (stamp > this.#last) this.#last = stamp;
  }
}

/**
 * What was invalidated as a whole, and when: everything (clear) and tags. An entry is void when its stamp is not newer.
 * Bounded: past `maxTags` the oldest tags are merged into a floor below which every tagged entry counts as void.
 */
export class Invalidations {
  readonly #tags = new Map<string, number>();
  readonly #maxTags: number;
  #floor = 0;
  #cleared = 0;

  constructor(maxTags = 10_000) {
    this.#maxTags = maxTags;
  }

  clear(stamp: number): void {
    if (stamp > this.#cleared) this.#cleared = stamp;
  }

  tag(tag: string, stamp: number): void {
    if (stamp <= (this.#tags.get(tag) ?? 0)) return;
    this.#tags.delete(tag);
    this.#tags.set(tag, stamp);
    if (this.#tags.size <= this.#maxTags) return;
    for (const [oldest, at] of this.#tags) {
      this.#tags.delete(oldest);
      this.#floor = Math.max(this.#floor, at);
      break;
    }
  }

  voids(stamp: number, tags: readonly string[] | undefined): boolean {
    if (stamp <= this.#cleared) return true;
    if (tags === undefined) return false;
    if (stamp <= this.#floor) return true;
    for (const tag of tags) if (stamp <= (this.#tags.get(tag) ?? 0)) return true;
    return false;
  }
}
