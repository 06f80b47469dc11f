/** How a stream ended; a consumer that goes away is neither success nor failure. */
export interface StreamEnd {
  how: 'succeeded' | 'failed' | 'cancelled';
  error: unknown;
}

/** What policies keep for a stream from its first item on: their judgement until its end, a slot until its source has settled. */
export class Holds {
  #end: StreamEnd | undefined;
  #released = false;
  readonly #judges: ((end: StreamEnd) => void)[] = [];
  readonly #held: (() => void)[] = [];

  /** Called once, when the stream ends; at once where it has ended: an attempt may open after the consumer has gone. */
  judge(judge: (end: StreamEnd) => void): void {
    if (this.#end === undefined) this.#judges.push(judge);
    else judge(this.#end);
  }

  /** Called once, when nothing is at work for the stream any more, which may be later than its end; at once where that has been. */
  keep(release: () => void): void {
    if (this.#released) release();
    else this.#held.push(release);
  }

  end(end: StreamEnd): void {
    this.#end = end;
    for (const judge of this.#judges.splice(0)) judge(end);
  }

  release(): void {
    this.#released = true;
    for (const release of this.#held.splice(0)) release();
  }
}
