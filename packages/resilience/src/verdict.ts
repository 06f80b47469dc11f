import type { HandleFilter } from './cockatiel.ts';
import { shown } from './opened.ts';
import { show } from './validate.ts';

/** Whether a repetition can do harm: `not-sent` and `always` never, `idempotent-only` when the call is not idempotent. */
export type Safety = 'never' | 'not-sent' | 'idempotent-only' | 'always';

/** What a classification says about repeating a call. Each field may be missing: then it is not known. */
export interface Verdict {
  retryable?: boolean | undefined;
  safety?: Safety | undefined;
  /** The server's Retry-After, in milliseconds. */
  afterMs?: number | undefined;
}

/** Which errors a policy handles: a predicate, or a filter of cockatiel (`handleType(…)`, `handleWhen(…).orWhenResult(…)`). */
export type Handle = ((error: unknown) => boolean) | HandleFilter;

const SAFETY: ReadonlySet<unknown> = new Set(['never', 'not-sent', 'idempotent-only', 'always']);

const SILENT: Verdict = {};

/** Reads `retryable`, `safety` and `retryAfterMs` off an error, by shape; an error that tells nothing gives `{}`. */
export const verdictOf = (error: unknown): Verdict => {
  if (typeof error !== 'object' || error === null) return {};
  const { retryable, safety, retryAfterMs } = error as Record<string, unknown>;
  if (retryable === undefined && safety === undefined && retryAfterMs === undefined) return SILENT;
  return clean({ retryable, safety, afterMs: retryAfterMs });
};

/** Drops what does not have the right form: a verdict may come from a user's own `classify`. */
export const clean = (verdict: unknown): Verdict => {
  if (typeof verdict !== 'object' || verdict === null) return {};
  const { retryable, safety, afterMs } = verdict as Record<string, unknown>;
  return {
    retryable: typeof retryable === 'boolean' ? retryable : undefined,
    safety: SAFETY.has(safety) ? (safety as Safety) : undefined,
    afterMs: Number.isFinite(afterMs) && Number(afterMs) >= 0 ? Number(afterMs) : undefined,
  };
};

/** The two questions of a `handle` option. Without one, `error` is undefined: the policy's own rule holds. */
export interface Filter {
  error: ((error: unknown) => boolean) | undefined;
  result: ((value: unknown) => boolean) | undefined;
}

export const filterOf = (option: string, handle: Handle | undefined): Filter => {
  if (handle === undefined) return { error: undefined, result: undefined };
  if (typeof handle === 'function') return { error: handle, result: undefined };
  const { errorFilter, resultFilter } = handle?.options ?? {};
  if (typeof errorFilter !== 'function' || typeof resultFilter !== 'function')
    throw new TypeError(`${option} must be a function or a handle filter of cockatiel, got ${show(handle)}`);
  return { error: errorFilter, result: (value) => resultFilter(shown(value)) };
};
