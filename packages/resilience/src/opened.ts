import { Holds } from './holds.ts';

export type Items = AsyncIterator<unknown> | Iterator<unknown>;

/** A stream whose first item is there: the result that policies pass on. */
export class Opened {
  readonly items: Items;
  readonly first: IteratorResult<unknown>;
  /** Of the source. */
  readonly controller: AbortController;
  /** What is held for it alone: of several attempts that open, one is read. */
  readonly holds = new Holds();
  #closed: Promise<void> | undefined;

  constructor(items: Items, first: IteratorResult<unknown>, controller: AbortController) {
    this.items = items;
    this.first = first;
    this.controller = controller;
  }

  /** Nobody reads it: settles when its source has, whatever that throws. */
  discard(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.holds.end({ how: 'cancelled', error: undefined });
    this.controller.abort();
    try {
      await this.items.return?.();
    } catch {
      // Nobody is there to hear of it.
    }
    this.holds.release();
  }
}

export const itemsOf = <T>(source: AsyncIterable<T> | Iterable<T>): AsyncIterator<T> | Iterator<T> => {
  const { [Symbol.asyncIterator]: asyncOf } = source as AsyncIterable<T>;
  return asyncOf === undefined ? (source as Iterable<T>)[Symbol.iterator]() : asyncOf.call(source);
};

/** What users' functions are shown of a result: of a stream its first item. */
export const shown = (result: unknown): unknown => (result instanceof Opened ? result.first.value : result);

/** Where to hold what a result takes, in the opening of a stream. */
export const holdsOf = (result: unknown, holds: Holds): Holds =>
  result instanceof Opened ? result.holds : holds;
