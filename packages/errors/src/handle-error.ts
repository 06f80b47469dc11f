import { channel } from 'node:diagnostics_channel';
import { type ClassifyOptions, classify } from './classify.ts';
import { clockOf } from './clock.ts';
import { cleanLine } from './public-text.ts';
import { read, readString } from './safe-read.ts';
import { StructuredError } from './structured-error.ts';

/** Where and for whom it happened. */
export interface ErrorContext extends ClassifyOptions {
  /** The request's id; goes into the log record and, unless `requestId` is given, the response. At most 128 characters. */
  correlationId?: string | undefined;
  /** What was being done, such as 'memories.create'. */
  operation?: string | undefined;
  service?: string | undefined;
}

const handled = channel('agent4:errors:handled');

const word = (context: unknown, key: string): string | undefined => {
  const text = readString(context, key, 512);
  return text === undefined || text === '' ? undefined : cleanLine(text, 128);
};

/**
 * Makes sense of any thrown value: classified, fingerprinted, with its causes, ready for a log and for a response.
 * Total: it never throws, changes nothing, and calls nothing of the value's own outside a guard.
 * Publishes the result on `node:diagnostics_channel` 'agent4:errors:handled' when somebody listens.
 */
export const handleError = (error: unknown, context: ErrorContext = {}): StructuredError => {
  const structured = new StructuredError({
    error,
    classification: classify(error, context),
    at: clockOf(read(context, 'now'))(),
    correlationId: word(context, 'correlationId'),
    operation: word(context, 'operation'),
    service: word(context, 'service'),
  });
  if (handled.hasSubscribers) handled.publish(structured);
  return structured;
};
