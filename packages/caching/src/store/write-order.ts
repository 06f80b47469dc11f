/** Runs the writes of one key one after the other, in the order they were made; those of other keys beside them. */
export class WriteOrder {
  readonly #tails = new Map<string, Promise<unknown>>();

  /** `run` must not reject. */
  after<T>(names: readonly string[], run: () => Promise<T>): Promise<T> {
    const earlier = this.#earlier(names);
    const done = earlier.length === 0 ? run() : Promise.all(earlier).then(run);
    for (const name of names) this.#tails.set(name, done);
    void done.then(() => {
      for (const name of names) if (this.#tails.get(name) === done) this.#tails.delete(name);
    });
    return done;
  }

  /** Resolves when the writes of these names that are under way are over; undefined when there are none. */
  over(names: readonly string[]): Promise<unknown> | undefined {
    const earlier = this.#earlier(names);
    return earlier.length === 0 ? undefined : Promise.all(earlier);
  }

  #earlier(names: readonly string[]): Promise<unknown>[] {
    return this.#tails.size === 0 ? [] : names.flatMap((name) => this.#tails.get(name) ?? []);
  }
}
