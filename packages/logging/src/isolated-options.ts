import { checkFunction, checkName, wholeNumber } from './check-options.ts';
import type { CoolDownOptions } from './cool-down.ts';
import { describe } from './describe.ts';
import type { Destination } from './destination.ts';
import { checkLevel, type Level } from './levels.ts';
import type { QueueBounds, QueuePolicy } from './line-queue.ts';
import { onlyKnown } from './only-known.ts';

/** Any policy that runs a function: one of @agent4/resilience or cockatiel fits. */
export interface Guard {
  execute(fn: () => unknown): PromiseLike<unknown>;
}

export interface IsolatedOptions {
  /** In events, health and metrics. Default: the destination's own name. */
  name?: string | undefined;
  /** Lines held while the destination does not take them. Default 10_000. */
  maxQueued?: number | undefined;
  /** The same in bytes. Default 8_388_608. */
  maxQueuedBytes?: number | undefined;
  /**
   * What happens to a line that does not fit. `drop-oldest` (default), `drop-newest`, `drop-below-level` (the oldest line less severe
   * than `level` makes room for one that is not), `block` (the log call waits, `blockMs` at most, for stdout, stderr or a file).
   */
  policy?: QueuePolicy | undefined;
  /** For `drop-below-level`: this level and more severe ones stay. Default `warn`. */
  level?: Level | undefined;
  /** How long `block` holds a log call, in milliseconds; then the line is dropped after all. Default 1_000. */
  blockMs?: number | undefined;
  /** Failures in a row after which nothing is tried for `coolDownMs`. Default 5. */
  maxFailures?: number | undefined;
  /** First wait after too many failures, in milliseconds; a failed probe doubles it. Default 1_000. */
  coolDownMs?: number | undefined;
  /** Longest wait, in milliseconds. Default 60_000. */
  maxCoolDownMs?: number | undefined;
  /** Runs every write in the place of the cool-down. What it rejects with counts as a failure; `retryAfterMs` on it is obeyed. Default none. */
  guard?: Guard | undefined;
  /** How long `flush()` waits, in milliseconds. Default 5_000. */
  flushTimeoutMs?: number | undefined;
  /** Wall clock, milliseconds since 1970. Default `Date.now`. */
  clock?: (() => number) | undefined;
}

export interface FullIsolatedOptions extends QueueBounds, CoolDownOptions {
  readonly name: string | undefined;
  readonly blockMs: number;
  readonly guard: Guard | undefined;
  readonly flushTimeoutMs: number;
  readonly clock: () => number;
}

const known =
  'name maxQueued maxQueuedBytes policy level blockMs maxFailures coolDownMs maxCoolDownMs guard flushTimeoutMs clock'.split(
    ' ',
  );
const policies: readonly QueuePolicy[] = ['block', 'drop-oldest', 'drop-newest', 'drop-below-level'];

/** @throws TypeError or RangeError naming the option that is unknown or wrong. */
export const isolatedOptions = (destination: Destination, options: IsolatedOptions): FullIsolatedOptions => {
  onlyKnown('isolated', options, known);
  const { policy = 'drop-oldest', guard } = options;
  if (!policies.includes(policy))
    throw new RangeError(`policy must be one of ${policies.join(', ')}, got ${describe(policy)}`);
  if (policy === 'block' && typeof (destination as { flushSync?: unknown }).flushSync !== 'function')
    throw new TypeError(
      "policy 'block' needs stdout, stderr or a file: waiting blocks the thread, and any other destination could not go on meanwhile",
    );
  if (guard !== undefined && typeof (guard as { execute?: unknown } | null)?.execute !== 'function')
    throw new TypeError(`guard must be an object with execute(fn), got ${describe(guard)}`);
  const coolDownMs = wholeNumber('coolDownMs', options.coolDownMs, 1, 1_000);
  return {
    name: checkName(options.name),
    maxQueued: wholeNumber('maxQueued', options.maxQueued, 1, 10_000),
    maxQueuedBytes: wholeNumber('maxQueuedBytes', options.maxQueuedBytes, 1_024, 8 * 1024 * 1024),
    policy,
    level: options.level === undefined ? 'warn' : checkLevel('level', options.level),
    blockMs: wholeNumber('blockMs', options.blockMs, 1, 1_000),
    maxFailures: wholeNumber('maxFailures', options.maxFailures, 1, 5),
    coolDownMs,
    maxCoolDownMs: wholeNumber(
      'maxCoolDownMs',
      options.maxCoolDownMs,
      coolDownMs,
      Math.max(60_000, coolDownMs),
    ),
    guard,
    flushTimeoutMs: wholeNumber('flushTimeoutMs', options.flushTimeoutMs, 0, 5_000),
    clock: checkFunction('clock', options.clock) ?? Date.now,
  };
};
