/** At most so many loads at once; the others wait in the order they came. */
export class LoadSlots {
  #free: number;
  readonly #waiting = new Set<() => void>();

  constructor(max: number) {
    this.#free = max;
  }

  /** True once there is a slot, which `give` must give back; false when the signal ended the wait. */
  take(signal: AbortSignal): true | Promise<boolean> {
    if (this.#free > 0) {
      this.#free--;
      return true;
    }
    return new Promise((resolve) => {
      const end = (taken: boolean) => {
        this.#waiting.delete(taking);
        signal.removeEventListener('abort', leaving);
        resolve(taken);
      };
      const taking = () => end(true);
      const leaving = () => end(false);
      this.#waiting.add(taking);
      signal.addEventListener('abort', leaving, { once: true });
    });
  }

  give(): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#free++;
    else next();
  }
}
