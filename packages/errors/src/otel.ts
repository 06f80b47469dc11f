// The whole public surface of @agent4/errors/otel. It loads nothing of OpenTelemetry: a span is known by its shape.
import { handleError } from './handle-error.ts';
import { isStructuredError, type StructuredError } from './structured-error.ts';

/** Values OpenTelemetry takes. */
export type AttributeValue = string | number | boolean;

/** The parts of an OpenTelemetry `Span` that are used. */
export interface SpanLike {
  isRecording(): boolean;
  addEvent(name: string, attributes: Record<string, AttributeValue>): unknown;
  setAttributes(attributes: Record<string, AttributeValue>): unknown;
  setStatus(status: { code: number; message?: string }): unknown;
}

/** `SpanStatusCode.ERROR`. */
const statusError = 2;

/**
 * Puts an error on a span: an `exception` event (type, message and stack, secrets masked as in logs), the attributes
 * `agent4.error.*`, and, where this service or something it depends on is at fault, `error.type` (the public code, so few
 * values) and status ERROR. A caller's fault and a cancellation leave both unset: they are no failure of the operation,
 * and an alert on failed spans must not ring for them.
 * Total: a span that throws is left as it is. A value not handled yet is handled.
 * @returns The structured error, for the log line or the answer.
 */
export const recordError = (span: SpanLike, error: unknown): StructuredError => {
  const structured = isStructuredError(error) ? error : handleError(error);
  const { fault } = structured.classification;
  try {
    if (!span.isRecording()) return structured;
    const { 'error.type': type, ...attributes } = structured.toOtelAttributes();
    const event: Record<string, AttributeValue> = {};
    const lasting: Record<string, AttributeValue> = {};
    for (const [key, value] of Object.entries(attributes))
      (key.startsWith('exception.') ? event : lasting)[key] = value;
    span.addEvent('exception', event);
    const failed = fault === 'self' || fault === 'dependency';
    const code = structured.public.code;
    span.setAttributes({
      ...lasting,
      'agent4.error.code': code,
      ...(failed ? { 'error.type': type ?? code } : {}),
    });
    if (failed) span.setStatus({ code: statusError, message: code });
  } catch {
    // Tracing never makes a failure worse.
  }
  return structured;
};
