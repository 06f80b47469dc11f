import { contextFields, isValidCorrelationId } from '../context.ts';
import { contextTrace, readTrace } from './active.ts';
import { formatBaggage } from './baggage.ts';
import type { PropagationSettings } from './settings.ts';
import { formatTraceparent } from './traceparent.ts';
import { parseTracestate } from './tracestate.ts';

/** Headers that belong together: where the first is set by the user, the others are not added to it. */
export type HeaderGroup = ReadonlyArray<readonly [name: string, value: string]>;

/**
 * What a call that leaves now should carry; every value is one line of visible ASCII, whatever is in the context.
 * A span of the context's own gets a child for each call; a span of OpenTelemetry goes out as it is, for only its SDK makes spans.
 */
export const outgoingGroups = (settings: PropagationSettings): HeaderGroup[] => {
  const groups: HeaderGroup[] = [];
  const fields = contextFields();
  if (isValidCorrelationId(fields?.correlationId)) groups.push([[settings.header, fields.correlationId]]);

  const active = readTrace();
  const own = active === undefined ? contextTrace(fields) : undefined;
  const trace = active ?? (own && { ...own, spanId: settings.newSpanId() });
  const traceparent = trace && formatTraceparent(trace);
  if (traceparent !== undefined) {
    const tracestate = parseTracestate(trace?.tracestate);
    const state: HeaderGroup = tracestate === undefined ? [] : [['tracestate', tracestate]];
    groups.push([['traceparent', traceparent], ...state]);
  }

  const baggage = formatBaggage(fields?.baggage, settings.baggage);
  if (baggage !== undefined) groups.push([['baggage', baggage]]);
  return groups;
};
