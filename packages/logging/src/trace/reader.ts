import { describe } from '../describe.ts';
import type { TraceReader } from './active.ts';
import { otelTrace } from './otel.ts';

/** @throws TypeError unless it is 'otel', a function or false. */
export const traceReader = (value: unknown): TraceReader | undefined => {
  if (value === false) return undefined;
  if (value === 'otel') return otelTrace;
  if (typeof value === 'function') return value as TraceReader;
  throw new TypeError(`trace must be 'otel', a function or false, got ${describe(value)}`);
};
