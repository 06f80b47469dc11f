/** A place in a trace: which one, and the span that work there belongs to. */
export interface Trace {
  /** 32 lower-case hex digits, not all zero. */
  readonly traceId: string;
  /** 16 lower-case hex digits, not all zero. */
  readonly spanId: string;
  /** Two lower-case hex digits; bit 1 says that the trace is sampled. */
  readonly traceFlags: string;
  /** The `tracestate` header that belongs to the trace. */
  readonly tracestate?: string | undefined;
}

const traceId = /^(?!0{32})[0-9a-f]{32}$/;
const spanId = /^(?!0{16})[0-9a-f]{16}$/;
const traceFlags = /^[0-9a-f]{2}$/;

const matches = (pattern: RegExp, value: unknown): value is string =>
  typeof value === 'string' && pattern.test(value);

export const isSpanId = (value: unknown): value is string => matches(spanId, value);

/** True for ids and flags of the right form: lower-case hex, of full length, no id of zeros alone. */
export const isTrace = (value: unknown): value is Trace => {
  if (typeof value !== 'object' || value === null) return false;
  const trace = value as Trace;
  return (
    matches(traceId, trace.traceId) && matches(spanId, trace.spanId) && matches(traceFlags, trace.traceFlags)
  );
};

// Version ff and ids of zeros alone are invalid. Version 00 ends here; a later one may have more fields behind a dash.
const header =
  /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-[\x21-\x7e]*)?$/;

/**
 * Reads a W3C `traceparent` header of version 00 or later.
 * @returns The trace, with the span of the caller; undefined for whatever is not valid to the letter.
 */
export const parseTraceparent = (value: unknown): Trace | undefined => {
  if (typeof value !== 'string' || value.length > 512) return undefined;
  const found = header.exec(value);
  if (found === null || (found[1] === '00' && found[5] !== undefined)) return undefined;
  return { traceId: found[2]!, spanId: found[3]!, traceFlags: found[4]! };
};

/**
 * Writes a `traceparent` header of version 00. Of the flags, `sampled` and `random` go on; the others mean nothing in this
 * version and must be sent as zero.
 * @returns undefined for what is no trace.
 */
export const formatTraceparent = (trace: Trace): string | undefined => {
  if (!isTrace(trace)) return undefined;
  const flags = Number.parseInt(trace.traceFlags, 16) & 0b11;
  return `00-${trace.traceId}-${trace.spanId}-0${flags}`;
};
