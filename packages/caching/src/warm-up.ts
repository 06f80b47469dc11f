import type { GetOrSetOptions } from './call-options.ts';
import type { Answer } from './flight.ts';

/** Options of `getOrSet`, for each key, and how many keys at a time. */
export interface WarmOptions<V> extends GetOrSetOptions<V> {
  /** Keys looked up at the same time. Default 8. */
  concurrency?: number | undefined;
}

/** What a warm-up found: keys that were there, keys that were loaded, and what went wrong with the others. */
export interface WarmUp {
  present: number;
  loaded: number;
  failed: { key: string; error: unknown }[];
}

/** Looks up all keys, `concurrency` at a time. */
export const warmUp = async (
  keys: readonly string[],
  concurrency: number,
  obtain: (key: string) => Promise<Answer<unknown>>,
): Promise<WarmUp> => {
  const result: WarmUp = { present: 0, loaded: 0, failed: [] };
  const open = keys.values();
  const work = async (): Promise<void> => {
    for (const key of open) {
      try {
        if ((await obtain(key)).source === 'loader') result.loaded++;
        else result.present++;
      } catch (error) {
        result.failed.push({ key, error });
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, keys.length) }, work));
  return result;
};
