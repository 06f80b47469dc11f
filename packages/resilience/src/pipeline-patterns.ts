import { type AdaptiveConcurrencyOptions, adaptiveConcurrency } from './adaptive-concurrency.ts';
import { type ChaosOptions, chaos } from './chaos.ts';
import { type CoalesceOptions, coalesce } from './coalesce.ts';
import { deadline } from './deadline.ts';
import { type HedgeOptions, hedge } from './hedge.ts';
import { msOf, optionsOf } from './pipeline-part.ts';
import type { PolicyLike } from './policy.ts';
import { type RateLimitOptions, rateLimit } from './rate-limit.ts';
import type { TimeSource } from './timers.ts';

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

/** How each part is made of what was given for it. */
export const patternsOf = (
  shared: TimeSource & { name: string },
): Record<keyof PatternParts, (given: unknown) => PolicyLike> => ({
  deadlineMs: (given) => deadline({ ...shared, ms: msOf('deadlineMs', given) }),
  coalesce: (given) => coalesce({ ...shared, ...optionsOf<CoalesceOptions>('coalesce', given) }),
  rateLimit: (given) => rateLimit({ ...shared, ...optionsOf<RateLimitOptions>('rateLimit', given) }),
  adaptiveConcurrency: (given) =>
    adaptiveConcurrency({
      ...shared,
      ...optionsOf<AdaptiveConcurrencyOptions>('adaptiveConcurrency', given),
    }),
  hedge: (given) => hedge({ ...shared, ...optionsOf<HedgeOptions>('hedge', given) }),
  chaos: (given) => chaos({ ...shared, ...optionsOf<ChaosOptions>('chaos', given) }),
});
