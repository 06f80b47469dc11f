import { describe } from './describe.ts';

/** What becomes of a loader's error: cover it by a stale value, throw it, or throw it and remember it for `errorTtl`. */
export type ErrorPolicy = (
  error: unknown,
  context: { readonly key: string; readonly hasStale: boolean },
) => 'stale' | 'throw' | 'cache';

const maxKeys = 10_000;

/** A bounded map of keys that are left alone until some moment; the oldest makes room. */
class Until<T> {
  readonly #byKey = new Map<string, { until: number; what: T }>();

  set(key: string, until: number, what: T): void {
    this.#byKey.delete(key);
    this.#byKey.set(key, { until, what });
    if (this.#byKey.size <= maxKeys) return;
    const [oldest] = this.#byKey.keys();
    this.#byKey.delete(oldest!);
  }

  get(key: string, now: number): { what: T } | undefined {
    const found = this.#byKey.size === 0 ? undefined : this.#byKey.get(key);
    if (found === undefined) return undefined;
    if (now < found.until) return found;
    this.#byKey.delete(key);
    return undefined;
  }

  delete(key: string): void {
    if (this.#byKey.size > 0) this.#byKey.delete(key);
  }

  clear(): void {
    this.#byKey.clear();
  }
}

/** Keys whose loader failed lately: which are left alone behind a stale value, and which throw the same error again. */
export class Failures {
  readonly #backoffs = new Until<undefined>();
  readonly #errors = new Until<unknown>();

  backOff(key: string, until: number): void {
    this.#backoffs.set(key, until, undefined);
  }

  backingOff(key: string, now: number): boolean {
    return this.#backoffs.get(key, now) !== undefined;
  }

  remember(key: string, until: number, error: unknown): void {
    this.#errors.set(key, until, error);
  }

  /** The error of this key, wrapped, since anything can be thrown. */
  remembered(key: string, now: number): { what: unknown } | undefined {
    return this.#errors.get(key, now);
  }

  forget(key: string): void {
    this.#backoffs.delete(key);
    this.#errors.delete(key);
  }

  forgetAll(): void {
    this.#backoffs.clear();
    this.#errors.clear();
  }
}

/** The policy's answer; one that throws or answers nonsense warns and counts as `'stale'`, so that no error gets lost in it. */
export const judge = (
  policy: ErrorPolicy | undefined,
  error: unknown,
  key: string,
  hasStale: boolean,
): 'stale' | 'throw' | 'cache' | undefined => {
  if (policy === undefined) return undefined;
  try {
    const verdict = policy(error, { key, hasStale });
    if (verdict === 'stale' || verdict === 'throw' || verdict === 'cache') return verdict;
    process.emitWarning(
      `onLoaderError must answer 'stale', 'throw' or 'cache', got ${describe(verdict)}`,
      'CachePolicyWarning',
    );
  } catch (thrown) {
    process.emitWarning(`onLoaderError threw: ${describe(thrown)}`, 'CachePolicyWarning');
  }
  return 'stale';
};
