/** Thrown to a caller that waited `loaderTimeoutMs` for a loader and had no stale value to fall back on. */
export class LoaderTimeoutError extends Error {
  static {
    LoaderTimeoutError.prototype.name = 'LoaderTimeoutError';
  }
  readonly code = 'CACHE_LOADER_TIMEOUT';
  readonly retryable = true;
  /** The load goes on: another one beside it must do no harm. */
  readonly safety = 'idempotent-only';
  readonly timeoutMs: number;
  /** @param cause A `SelfWaitError`, where the loader seems to wait for itself. */
  constructor(key: string, timeoutMs: number, cause?: Error) {
    super(
      `The loader of ${JSON.stringify(key)} did not answer within ${timeoutMs} ms; its result is kept when it comes`,
      cause && { cause },
    );
    this.timeoutMs = timeoutMs;
  }
}

/** Rejects every call made after `close()`. */
export class CacheClosedError extends Error {
  static {
    CacheClosedError.prototype.name = 'CacheClosedError';
  }
  readonly code = 'CACHE_CLOSED';
  constructor(cache: string) {
    super(`Cache "${cache}" is closed`);
  }
}

/** Thrown by `CacheManager.create` for a name that one of its caches has. */
export class CacheExistsError extends Error {
  static {
    CacheExistsError.prototype.name = 'CacheExistsError';
  }
  readonly code = 'CACHE_EXISTS';
  constructor(cache: string) {
    super(`A cache named "${cache}" exists already`);
  }
}

/**
 * A store call that failed; never thrown to a caller, carried by the `store-error` event. `cause` is the driver's error.
 * `CACHE_STORE_CORRUPT`: the store holds something that cannot be read. `CACHE_STORE_UNWRITABLE`: a value that no store
 * can be given, such as a function or one with a cycle; the store was not asked.
 */
export class StoreError extends Error {
  static {
    StoreError.prototype.name = 'StoreError';
  }
  readonly code:
    | 'CACHE_STORE_FAILED'
    | 'CACHE_STORE_TIMEOUT'
    | 'CACHE_STORE_CORRUPT'
    | 'CACHE_STORE_UNWRITABLE';
  constructor(message: string, code: StoreError['code'], cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}
