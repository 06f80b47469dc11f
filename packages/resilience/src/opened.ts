export type Items = AsyncIterator<unknown> | Iterator<unknown>;

/** A stream whose first item is there: the result that policies pass on. */
export class Opened {
  readonly items: Items;
  readonly first: IteratorResult<unknown>;
  /** Of the source. */
  readonly controller: AbortController;

  constructor(items: Items, first: IteratorResult<unknown>, controller: AbortController) {
    this.items = items;
    this.first = first;
    this.controller = controller;
  }

  /** Nobody reads it. */
  discard(): void {
    this.controller.abort();
    void letGo(this.items);
  }
}

export const itemsOf = <T>(source: AsyncIterable<T> | Iterable<T>): AsyncIterator<T> | Iterator<T> => {
  const { [Symbol.asyncIterator]: asyncOf } = source as AsyncIterable<T>;
  return asyncOf === undefined ? (source as Iterable<T>)[Symbol.iterator]() : asyncOf.call(source);
};

/** Closes a source whose consumer has gone: nobody is there to hear of an error. */
export const letGo = async (items: Items): Promise<void> => {
  try {
    await items.return?.();
  } catch {}
};

/** What users' functions are shown of a result: of a stream its first item. */
export const shown = (result: unknown): unknown => (result instanceof Opened ? result.first.value : result);
