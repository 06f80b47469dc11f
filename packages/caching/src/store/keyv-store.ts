// The one file that knows keyv. Accepts keyv 5.6 and 6: a Keyv with its own serialization, or a bare storage adapter.
import { AsyncLocalStorage } from 'node:async_hooks';
import { Keyv } from 'keyv';
import { describe } from '../describe.ts';
import { StoreError } from '../errors.ts';

/**
 * A `Keyv` (5.6 or 6), or a storage adapter made for it; a `Map` will do in tests.
 * A Keyv keeps its serialization, compression and encryption; an adapter gets a plain Keyv around it.
 */
export interface KeyvLike {
  get(key: string): unknown;
  set(key: string, value: unknown, ttl?: number): unknown;
  delete(key: string): unknown;
}

interface AnyKeyv extends KeyvLike {
  store: {
    getMany?: unknown;
    setMany?: unknown;
    deleteMany?: unknown;
    disconnect?(force: boolean): unknown;
  };
  getRaw(key: string): Promise<{ value?: unknown } | undefined>;
  getMany(keys: string[]): Promise<unknown[]>;
  setMany(entries: { key: string; value: unknown; ttl?: number }[]): Promise<boolean[]>;
  deleteMany(keys: string[]): Promise<boolean | boolean[]>;
  on(event: 'error', listener: (error: unknown) => void): unknown;
  /** What turns a value into what the adapter is given: keyv 6, keyv 5. */
  encode?(data: { value: unknown }): Promise<unknown>;
  serializeData?(data: { value: unknown }): Promise<unknown>;
  disconnect?(): Promise<void>;
  iterator?(): AsyncIterable<[string, unknown]>;
}

/** Without a listener an `error` event ends the process. Drivers tell of a lost connection by it, before any call too. */
const silence = (emitter: unknown): void => {
  const on = (emitter as { on?: unknown } | undefined)?.on;
  if (typeof on === 'function') on.call(emitter, 'error', () => {});
};

const isKeyv = (store: KeyvLike): boolean =>
  'getRaw' in store && typeof store.getRaw === 'function' && 'store' in store;

/** What is written: a key, a value, and how long the store may hold it (ms, whole and above 0; undefined = for good). */
export interface StoreWrite {
  key: string;
  value: unknown;
  ttlMs: number | undefined;
}

/**
 * Keyv's operations with their errors. Keyv tells of errors through its `error` event and then answers as if nothing
 * were there, so each operation runs in an async context of its own, in which the listener leaves what it heard.
 */
export class KeyvStore {
  readonly #given: KeyvLike;
  readonly #failures = new AsyncLocalStorage<{ error?: unknown }>();
  #keyv: AnyKeyv | undefined;

  constructor(given: KeyvLike, option: string) {
    for (const method of ['get', 'set', 'delete'] as const)
      if (given === null || typeof given !== 'object' || typeof given[method] !== 'function')
        throw new TypeError(`${option} must be a Keyv or a Keyv storage adapter: it has no ${method}()`);
    // Keyv takes an adapter without it for none at all, and would keep everything in a map of its own.
    if (!isKeyv(given) && typeof (given as { clear?: unknown }).clear !== 'function')
      throw new TypeError(`${option} must be a Keyv or a Keyv storage adapter: it has no clear()`);
    this.#given = given;
    if (isKeyv(given)) this.#keyv = this.#listen(given as AnyKeyv);
    else silence(given);
  }

  /** The values under these names; a `StoreError` in place of each that is there and cannot be read. */
  async getMany(keys: string[]): Promise<unknown[]> {
    try {
      return await this.#read(keys);
    } catch (error) {
      if ((error as StoreError).code !== 'CACHE_STORE_CORRUPT') throw error;
      if (keys.length === 1) return [error];
      // Apart, the others can be read.
      return (await Promise.all(keys.map((key) => this.getMany([key])))).flat();
    }
  }

  #read(keys: string[]): Promise<unknown[]> {
    return this.#run('get', async (keyv) => {
      // keyv 5 hides a failed read in get() and, where the adapter reads one by one, in getMany(); getRaw() tells.
      if (keys.length > 1 && typeof keyv.store.getMany === 'function') return keyv.getMany(keys);
      return Promise.all(keys.map(async (key) => (await keyv.getRaw(key))?.value));
    });
  }

  async setMany(writes: StoreWrite[]): Promise<void> {
    try {
      await this.#write(writes);
    } catch (error) {
      throw (await this.#unwritable(writes)) ?? error;
    }
  }

  async #write(writes: StoreWrite[]): Promise<void> {
    await this.#run('set', async (keyv) => {
      const done =
        writes.length > 1 && typeof keyv.store.setMany === 'function'
          ? await keyv.setMany(
              writes.map(({ key, value, ttlMs }) =>
                ttlMs === undefined ? { key, value } : { key, value, ttl: ttlMs },
              ),
            )
          : await Promise.all(writes.map(({ key, value, ttlMs }) => keyv.set(key, value, ttlMs)));
      if (Array.isArray(done) && done.includes(false)) throw new Error('the store did not accept the write');
    });
  }

  // Whose fault was it? A value that cannot be serialized has failed before the adapter was asked.
  async #unwritable(writes: StoreWrite[]): Promise<StoreError | undefined> {
    for (const { value } of writes)
      try {
        await (this.#keyv?.encode?.({ value }) ?? this.#keyv?.serializeData?.({ value }));
      } catch (cause) {
        return new StoreError(
          `A value cannot be written: ${describe(cause)}`,
          'CACHE_STORE_UNWRITABLE',
          cause,
        );
      }
    return undefined;
  }

  /** True when something was there. */
  deleteMany(keys: string[]): Promise<boolean> {
    return this.#run('delete', async (keyv) => {
      const gone =
        keys.length > 1 && typeof keyv.store.deleteMany === 'function'
          ? await keyv.deleteMany(keys)
          : await Promise.all(keys.map((key) => keyv.delete(key)));
      return Array.isArray(gone) ? gone.includes(true) : gone === true;
    });
  }

  /** All keys and values of the store, a step at a time. Rejects where the adapter cannot list them. */
  entries(): { next(): Promise<readonly [string, unknown] | undefined> } {
    let steps: AsyncIterator<[string, unknown]> | undefined;
    return {
      next: () =>
        this.#run('purge', async (keyv) => {
          steps ??= keyv.iterator?.()[Symbol.asyncIterator]();
          if (steps === undefined) throw new Error('its adapter cannot list keys');
          const { done, value } = await steps.next();
          return done === true ? undefined : value;
        }),
    };
  }

  /** `forced`: for a server that does not answer; drivers that can (Redis) close their socket without a goodbye. */
  async disconnect(forced: boolean): Promise<void> {
    if (forced) await this.#keyv?.store.disconnect?.(true);
    else await this.#keyv?.disconnect?.();
  }

  #run<T>(operation: string, call: (keyv: AnyKeyv) => Promise<T>): Promise<T> {
    const heard: { error?: unknown } = {};
    return this.#failures.run(heard, async () => {
      let result: T;
      try {
        // An adapter is wrapped at the first call: keyv may ask it something, and making a cache must not wait or fail.
        // What is past its physical ttl is ours to judge; keyv would delete it, and with it what another has just written.
        this.#keyv ??= this.#listen(
          new Keyv({
            store: this.#given,
            useKeyPrefix: false,
            checkExpired: false,
          } as object) as unknown as AnyKeyv,
        );
        result = await call(this.#keyv);
      } catch (error) {
        throw this.#failed(operation, 'error' in heard ? heard.error : error);
      }
      if ('error' in heard) throw this.#failed(operation, heard.error);
      return result;
    });
  }

  #failed(operation: string, cause: unknown): StoreError {
    const corrupt = operation === 'get' && cause instanceof SyntaxError;
    const text = cause instanceof Error ? cause.message : describe(cause);
    return new StoreError(
      `Store ${operation} failed: ${text}`,
      corrupt ? 'CACHE_STORE_CORRUPT' : 'CACHE_STORE_FAILED',
      cause,
    );
  }

  #listen(keyv: AnyKeyv): AnyKeyv {
    keyv.on('error', (error) => {
      const heard = this.#failures.getStore();
      if (heard !== undefined) heard.error = error;
    });
    return keyv;
  }
}
