import { estimateSize } from '../memory/size-of.ts';
import { onlyKnown, optionNames } from '../only-known.ts';
import { flag, oneOf, optionalFunction, positiveInteger, within } from '../option-checks.ts';
import type { MemoryOptions } from '../options.ts';
import { durationMs } from '../ttl.ts';

const known = optionNames<MemoryOptions<unknown>>({
  maxEntries: true,
  maxBytes: true,
  maxEntryBytes: true,
  sizeOf: true,
  policy: true,
  advice: true,
  ttl: true,
});

/** The limits of the memory tier, complete. `measured` = something depends on sizes. */
export type MemorySettings<V> = Required<{
  [K in Exclude<keyof MemoryOptions<V>, 'ttl'>]: Exclude<MemoryOptions<V>[K], undefined>;
}> & { ttlMs: number; measured: boolean };

export const memorySettings = <V>(options: MemoryOptions<V>): MemorySettings<V> => {
  onlyKnown('memory', options, known);
  const { maxEntries = 10_000, maxBytes, maxEntryBytes, sizeOf, policy = 'w-tinylfu' } = options;
  const bytes =
    maxBytes === undefined ? Number.POSITIVE_INFINITY : positiveInteger('memory.maxBytes', maxBytes);
  return {
    // A Map holds at most 2^24 entries.
    maxEntries: within(
      'memory.maxEntries',
      maxEntries,
      'an integer from 1 to 16_000_000',
      (n) => Number.isInteger(n) && n >= 1 && n <= 16_000_000,
    ),
    maxBytes: bytes,
    maxEntryBytes:
      maxEntryBytes === undefined ? bytes / 4 : positiveInteger('memory.maxEntryBytes', maxEntryBytes),
    sizeOf: optionalFunction('memory.sizeOf', sizeOf) ?? estimateSize,
    policy: oneOf('memory.policy', policy, ['w-tinylfu', 'lru', 's3fifo']),
    advice: flag('memory.advice', options.advice),
    ttlMs: durationMs('memory.ttl', options.ttl === undefined ? null : options.ttl),
    measured: maxBytes !== undefined || maxEntryBytes !== undefined || sizeOf !== undefined,
  };
};
