/** How a stream ended; a consumer that goes away is neither success nor failure. */
export interface StreamEnd {
  how: 'succeeded' | 'failed' | 'cancelled';
  error: unknown;
}

type Release = (end: StreamEnd) => void;

/** What policies hold for a stream from its first item to its end: a slot, a probe's place. */
export class Holds {
  #end: StreamEnd | undefined;
  readonly #held: Release[] = [];

  /** Called once, when the stream ends; at once where it has ended: an attempt may open after the consumer has gone. */
  push(release: Release): void {
    if (this.#end === undefined) this.#held.push(release);
    else release(this.#end);
  }

  end(end: StreamEnd): void {
    this.#end = end;
    for (const release of this.#held.splice(0)) release(end);
  }
}
