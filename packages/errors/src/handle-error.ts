import { randomUUID } from 'node:crypto';
import { channel } from 'node:diagnostics_channel';
import { type ClassifyOptions, classify } from './classify.ts';
import { fingerprintOf } from './fingerprint.ts';
import { cleanLine } from './public-text.ts';
import { isObject, read, readList, readString } from './safe-read.ts';
import { StructuredError } from './structured-error.ts';

/** Where and for whom it happened. */
export interface ErrorContext extends ClassifyOptions {
  /** The request's id; goes into the log record and, unless `requestId` is given, the response. At most 128 characters. */
  correlationId?: string | undefined;
  /** What was being done, such as 'memories.create'. */
  operation?: string | undefined;
  service?: string | undefined;
}

const maxCauses = 10;
const links = ['cause', 'inner', 'original', 'originalError', 'parent', 'driverError', 'jse_cause'] as const;

const nextOf = (error: unknown): unknown => {
  for (const link of links) {
    const next = read(error, link);
    if (next !== undefined && next !== null && typeof next !== 'function') return next;
  }
  return readList(read(error, 'errors'), 1)[0];
};

const causesOf = (error: unknown): unknown[] => {
  const seen = new Set<unknown>([error]);
  const causes: unknown[] = [];
  for (let next = nextOf(error); next !== undefined && causes.length < maxCauses; next = nextOf(next)) {
    if (isObject(next) && seen.has(next)) break;
    seen.add(next);
    causes.push(next);
  }
  return causes;
};

const handled = channel('agent4:errors:handled');

const timeOf = (now: unknown): string => {
  try {
    if (typeof now === 'function') return new Date(Number(now())).toISOString();
  } catch {
    // A clock that fails or gives no time is no clock.
  }
  return new Date().toISOString();
};

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
  const causes = causesOf(error);
  const structured = new StructuredError({
    error,
    causes,
    classification: classify(error, context),
    fingerprint: fingerprintOf(error, causes),
    id: randomUUID(),
    timestamp: timeOf(read(context, 'now')),
    correlationId: word(context, 'correlationId'),
    operation: word(context, 'operation'),
    service: word(context, 'service'),
  });
  if (handled.hasSubscribers) handled.publish(structured);
  return structured;
};
