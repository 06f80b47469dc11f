/** The cancellation of a stream: of its opening through the policy's signal, and of the source for as long as it is read. */
export class StreamLife {
  readonly #whole = new AbortController();
  #source: AbortController | undefined;

  /** Aborts with the whole. */
  get signal(): AbortSignal {
    return this.#whole.signal;
  }

  end(reason: unknown): void {
    this.#whole.abort(reason);
    this.#source?.abort(this.#whole.signal.reason);
  }

  /** The consumer needs no more of the source; what cleans up after it may still be ended. */
  leave(): void {
    this.#source?.abort();
  }

  /** The cancellation of one attempt to open: the attempt's until `opened()`; the stream's once it is the one that is read. */
  attempt(signal: AbortSignal): { controller: AbortController; opened: () => void } {
    const controller = new AbortController();
    const forward = (): void => controller.abort(signal.reason);
    if (signal.aborted) forward();
    signal.addEventListener('abort', forward, { once: true });
    return { controller, opened: () => signal.removeEventListener('abort', forward) };
  }

  /** Several attempts may have opened; this one is read. */
  read(controller: AbortController): void {
    this.#source = controller;
    if (this.signal.aborted) controller.abort(this.signal.reason);
  }

  /** What comes first: the answer, or the end. */
  race<T>(answer: PromiseLike<T> | T): Promise<T> {
    const { signal } = this;
    return new Promise<T>((resolve, reject) => {
      const ended = (): void => reject(signal.reason);
      if (signal.aborted) ended();
      signal.addEventListener('abort', ended, { once: true });
      const stop = (): void => signal.removeEventListener('abort', ended);
      Promise.resolve(answer).then(
        (value) => {
          stop();
          resolve(value);
        },
        (error: unknown) => {
          stop();
          reject(error);
        },
      );
    });
  }
}
