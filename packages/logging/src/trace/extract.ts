import { isValidCorrelationId, TRACESTATE } from '../context.ts';
import { type Baggage, parseBaggage } from './baggage.ts';
import { rawValue, textOf } from './carrier.ts';
import type { PropagationSettings } from './settings.ts';
import { parseTraceparent } from './traceparent.ts';
import { parseTracestate } from './tracestate.ts';

/** What came from another process, for `CorrelationContext.run`. The `tracestate` header is in it too, unseen. */
export interface ExtractedFields {
  correlationId?: string;
  traceId?: string;
  /** A new span, for the work that begins here. */
  spanId?: string;
  /** The span of the caller. */
  parentSpanId?: string;
  traceFlags?: string;
  /** The allowed baggage. */
  baggage?: Baggage;
  [field: string]: unknown;
}

/** Reads one header as text. */
export type ReadHeader = (name: string) => string | undefined;

/** Reads any carrier; what cannot be read is not there. */
export const headerReader = (carrier: unknown): ReadHeader => {
  return (name) => {
    try {
      if (typeof carrier === 'function') return textOf(Reflect.apply(carrier, undefined, [name]));
      return typeof carrier === 'object' && carrier !== null ? textOf(rawValue(carrier, name)) : undefined;
    } catch {
      return undefined;
    }
  };
};

/** The ids and the allowed baggage, each only if it is valid; never throws. */
export const extractFields = (read: ReadHeader, settings: PropagationSettings): ExtractedFields => {
  const fields: ExtractedFields & { [TRACESTATE]?: { traceId: string; text: string } } = {};
  const correlationId = [settings.header, 'x-correlation-id'].map(read).find(isValidCorrelationId);
  if (correlationId !== undefined) fields.correlationId = correlationId;
  const trace = parseTraceparent(read('traceparent'));
  if (trace !== undefined) {
    fields.traceId = trace.traceId;
    fields.spanId = settings.newSpanId();
    fields.parentSpanId = trace.spanId;
    fields.traceFlags = trace.traceFlags;
    // A state without a valid trace belongs to nothing and is not read.
    const text = parseTracestate(read('tracestate'));
    if (text !== undefined) fields[TRACESTATE] = { traceId: trace.traceId, text };
  }
  const baggage = settings.baggage.size === 0 ? undefined : parseBaggage(read('baggage'), settings.baggage);
  if (baggage !== undefined) fields.baggage = baggage;
  return fields;
};
