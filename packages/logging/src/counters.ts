/** What happened to the values of records since the start of the process. Bumped where it happens, read by `loggingMetrics()`. */
export const counters: {
  /** Records or values that were cut to a limit; one counts again when its whole line had to be made shorter. */
  truncations: number;
  /** Values in whose place a line says that they cannot be read. */
  unreadable: number;
  /** Log calls that gave no line at all. */
  serializeFailures: number;
  /** Records that sampling, a rate limit or deduplication held back. */
  suppressed: number;
  /** Records that the flight recorder gave up for want of room. */
  recorderDrops: number;
  /** Typed events that are not as they are defined. */
  eventMismatches: number;
} = {
  truncations: 0,
  unreadable: 0,
  serializeFailures: 0,
  suppressed: 0,
  recorderDrops: 0,
  eventMismatches: 0,
};
