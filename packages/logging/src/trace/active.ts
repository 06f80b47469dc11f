import { registry } from '../configuration.ts';
import { type ContextFields, contextFields, TRACESTATE } from '../context.ts';
import { publishFailure } from '../events.ts';
import { isTrace, type Trace } from './traceparent.ts';

/** Tells in which trace the caller is; asked in every log call, so it should be quick. Undefined for none. */
export type TraceReader = () => Trace | undefined;

let reading = false;

/** What the configured reader says; one that throws or gives nonsense is told, and the context's own trace counts. */
export const readTrace = (): Trace | undefined => {
  const reader = registry.configuration.trace;
  // A reader that logs gets its line, without asking it again.
  if (reader === undefined || reading) return undefined;
  reading = true;
  try {
    const trace = reader();
    if (trace === undefined || isTrace(trace)) return trace;
    throw new TypeError(
      'trace must give { traceId, spanId, traceFlags } of 32, 16 and 2 lower-case hex digits',
    );
  } catch (error) {
    publishFailure({ source: 'trace', error });
    return undefined;
  } finally {
    reading = false;
  }
};

/** The trace that the context carries by itself. */
export const contextTrace = (fields: ContextFields | undefined): Trace | undefined => {
  if (fields === undefined) return undefined;
  const { traceId, spanId, traceFlags } = fields;
  const carried = fields[TRACESTATE];
  // A run that went over to another trace must not send on the state of the first one.
  const tracestate = carried?.traceId === traceId ? carried?.text : undefined;
  const trace = { traceId, spanId, traceFlags, tracestate };
  return isTrace(trace) ? trace : undefined;
};

/**
 * The trace in force here: of the reader that `configureLogging({ trace })` named (OpenTelemetry's active span), else of the
 * `CorrelationContext`; undefined when neither has one. Its ids are those that a record logged here would carry.
 */
export const activeTrace = (): Trace | undefined => readTrace() ?? contextTrace(contextFields());

const merged = new WeakMap<
  Trace,
  { fields: ContextFields | undefined; all: Readonly<Record<string, unknown>> }
>();

/** The context's fields as a record has them: with the ids of the active span, if a reader knows one. */
export const recordFields = (): Readonly<Record<string, unknown>> | undefined => {
  const fields = contextFields();
  if (registry.configuration.trace === undefined) return fields;
  const trace = readTrace();
  if (trace === undefined || (fields?.traceId === trace.traceId && fields.spanId === trace.spanId))
    return fields;
  const known = merged.get(trace);
  if (known !== undefined && known.fields === fields) return known.all;
  const { traceId, spanId, traceFlags } = trace;
  // The parent named by the context is that of its own span, not of this one.
  const { parentSpanId: _parent, ...rest }: Readonly<Record<string, unknown>> = fields ?? {};
  const all = Object.freeze({ ...rest, traceId, spanId, traceFlags });
  merged.set(trace, { fields, all });
  return all;
};
