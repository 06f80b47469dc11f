// The whole public surface of @agent4/logging/propagation: the context in and out of the process.
import { createPropagation, type Propagation } from './trace/create-propagation.ts';

export { activeTrace } from './trace/active.ts';
export type { Baggage } from './trace/baggage.ts';
export type { Carrier, CarrierMap } from './trace/carrier.ts';
export type { HttpRequest } from './trace/correlated-request.ts';
export { createPropagation, type Propagation } from './trace/create-propagation.ts';
export type { ExtractedFields } from './trace/extract.ts';
export type { PropagationOptions } from './trace/settings.ts';
export { formatTraceparent, parseTraceparent, type Trace } from './trace/traceparent.ts';

const defaults: Propagation = createPropagation();

export const inject: Propagation['inject'] = defaults.inject;
export const extract: Propagation['extract'] = defaults.extract;
export const outgoingHeaders: Propagation['outgoingHeaders'] = defaults.outgoingHeaders;
export const correlatedFetch: Propagation['correlatedFetch'] = defaults.correlatedFetch;
export const correlatedRequest: Propagation['correlatedRequest'] = defaults.correlatedRequest;
