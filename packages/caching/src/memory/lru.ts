import { type Entry, EntryList, type EvictionPolicy } from './entry.ts';

/** The one used longest ago leaves. */
export class LruPolicy<V> implements EvictionPolicy<V> {
  #list = new EntryList<V>();

  hash(): number {
    return 0;
  }

  add(entry: Entry<V>): void {
    this.#list.push(entry);
  }

  touch(entry: Entry<V>): void {
    this.#list.touch(entry);
  }

  remove(entry: Entry<V>): void {
    this.#list.remove(entry);
  }

  victim(): Entry<V> | undefined {
    return this.#list.tail;
  }

  hottest(): Iterable<Entry<V>> {
    return this.#list;
  }

  clear(): void {
    this.#list = new EntryList<V>();
  }
}
