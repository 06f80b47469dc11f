const longestMs = 100 * 365 * 86_400_000;

/** How long a store may hold an entry, in whole ms: never 0, which a store takes for "without end"; undefined = for good. */
export const physicalTtl = (keepMs: number): number | undefined =>
  keepMs < longestMs ? Math.max(1, Math.ceil(keepMs)) : undefined;
