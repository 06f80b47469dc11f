import type { Trace } from './traceparent.ts';

// Where every copy of @opentelemetry/api 1.x keeps what an SDK has registered; without an SDK there is nothing, and nothing is loaded.
const api = Symbol.for('opentelemetry.js.api.1');
const spanKey = Symbol.for('OpenTelemetry Context Key SPAN');

interface SpanContext {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceFlags: number;
  readonly traceState?: { serialize(): string } | undefined;
}

interface Api {
  context?: { active(): { getValue(key: symbol): { spanContext(): SpanContext } | undefined } };
}

const known = new WeakMap<SpanContext, Trace>();

/** The trace of OpenTelemetry's active span; undefined without an SDK or a span. The same object for the same span. */
export const otelTrace = (): Trace | undefined => {
  const span = (globalThis as { [api]?: Api })[api]?.context?.active().getValue(spanKey);
  const context = span?.spanContext();
  if (context === undefined) return undefined;
  let trace = known.get(context);
  if (trace === undefined) {
    const { traceId, spanId, traceFlags, traceState } = context;
    // A span that is not recorded because tracing is off has ids of zeros alone: there is no trace then.
    if (/^0*$/.test(traceId) || /^0*$/.test(spanId)) return undefined;
    trace = {
      traceId,
      spanId,
      traceFlags: (traceFlags & 0xff).toString(16).padStart(2, '0'),
      tracestate: traceState?.serialize() || undefined,
    };
    known.set(context, trace);
  }
  return trace;
};
