import { type AdaptiveConcurrencyOptions, adaptiveConcurrency } from './adaptive-concurrency.ts';
import { type ChaosOptions, chaos } from './chaos.ts';
import { type CoalesceOptions, coalesce } from './coalesce.ts';
import { deadline } from './deadline.ts';
import { type HedgeOptions, hedge } from './hedge.ts';
import type { PolicyLike } from './policy.ts';
import { type RateLimitOptions, rateLimit } from './rate-limit.ts';
import type { TimeSource } from './timers.ts';
import { show } from './validate.ts';

/** The less usual parts of a pipeline. A part is its options, or a ready policy. */
export interface PatternParts {
  /** The time budget of everything inside, in whatever function, and what `remainingMs` tells. Outside of `totalTimeoutMs`. */
  deadlineMs?: number | PolicyLike | undefined;
  /** Equal calls under way are one. Outside of `rateLimit`: callers that join use up no rate. */
  coalesce?: CoalesceOptions | PolicyLike | undefined;
  /** Before `bulkhead`: a caller that waits for its turn holds no slot. */
  rateLimit?: RateLimitOptions | PolicyLike | undefined;
  /** Inside `bulkhead`, outside of `retry`, as that. */
  adaptiveConcurrency?: AdaptiveConcurrencyOptions | PolicyLike | undefined;
  /** Between `retry` and `circuitBreaker`, which sees each of the calls. */
  hedge?: HedgeOptions | PolicyLike | undefined;
  /** Innermost: all others meet what it does. */
  chaos?: ChaosOptions | PolicyLike | undefined;
}

type PatternName = keyof PatternParts;

/** Builds the part of this name, if it was given, from its options. */
type Build = (part: PatternName, of: (given: unknown) => PolicyLike) => PolicyLike | undefined;

export const patternsOf = (
  shared: TimeSource & { name: string },
  build: Build,
  optionsOf: <O extends object>(given: unknown) => O,
): Record<PatternName, PolicyLike | undefined> => ({
  deadlineMs: build('deadlineMs', (ms) => {
    if (typeof ms !== 'number')
      throw new TypeError(`deadlineMs must be a number of milliseconds or a policy, got ${show(ms)}`);
    return deadline({ ...shared, ms });
  }),
  coalesce: build('coalesce', (given) => coalesce({ ...shared, ...optionsOf<CoalesceOptions>(given) })),
  rateLimit: build('rateLimit', (given) => rateLimit({ ...shared, ...optionsOf<RateLimitOptions>(given) })),
  adaptiveConcurrency: build('adaptiveConcurrency', (given) =>
    adaptiveConcurrency({ ...shared, ...optionsOf<AdaptiveConcurrencyOptions>(given) }),
  ),
  hedge: build('hedge', (given) => hedge({ ...shared, ...optionsOf<HedgeOptions>(given) })),
  chaos: build('chaos', (given) => chaos({ ...shared, ...optionsOf<ChaosOptions>(given) })),
});
