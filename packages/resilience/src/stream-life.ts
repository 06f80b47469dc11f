/** The cancellation of a stream: of its opening through the policy's signal, and of the source for as long as it is read. */
export class StreamLife {
  readonly #whole = new AbortController();
  #source: AbortController | undefined;
  #stop: (() => void) | undefined;

  /** Aborts with the whole. */
  get signal(): AbortSignal {
    return this.#whole.signal;
  }

  end(reason: unknown): void {
    this.#whole.abort(reason);
    this.#source?.abort(this.#whole.signal.reason);
  }

  /** The cancellation of one attempt to open: the attempt's until it is opened, the stream's afterwards. */
  attempt(signal: AbortSignal): AbortController {
    const source = new AbortController();
    const forward = (): void => source.abort(signal.reason);
    if (signal.aborted) forward();
    signal.addEventListener('abort', forward, { once: true });
    this.#stop = () => signal.removeEventListener('abort', forward);
    this.#source = source;
    return source;
  }

  opened(): void {
    this.#stop?.();
    this.#stop = undefined;
  }

  /** What comes first: the item, or the end. */
  race<T>(item: PromiseLike<T> | T): Promise<T> {
    const { signal } = this;
    return new Promise<T>((resolve, reject) => {
      const ended = (): void => reject(signal.reason);
      if (signal.aborted) ended();
      signal.addEventListener('abort', ended, { once: true });
      const stop = (): void => signal.removeEventListener('abort', ended);
      Promise.resolve(item).then(
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
