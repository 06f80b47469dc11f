import { channel } from 'node:diagnostics_channel';
import { type ClassifyOptions, classify } from './classify.ts';
import { cleanLine } from './public-text.ts';
import { causeLinks, isObject, read, readList, readString } from './safe-read.ts';
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

const nextOf = (error: unknown): unknown => {
  for (const link of causeLinks) {
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

/** Milliseconds since 1970. */
const timeOf = (now: unknown): number => {
  try {
    const at = typeof now === 'function' ? Number(now()) : Number.NaN;
    // A clock that fails or gives no time is no clock.
    if (Math.abs(at) <= 8.64e15) return at;
  } catch {}
  return Date.now();
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
    at: timeOf(read(context, 'now')),
    correlationId: word(context, 'correlationId'),
    operation: word(context, 'operation'),
    service: word(context, 'service'),
  });
  if (handled.hasSubscribers) handled.publish(structured);
  return structured;
};
