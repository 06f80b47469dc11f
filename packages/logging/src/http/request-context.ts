import { randomUUID } from 'node:crypto';
import { CorrelationContext, isValidCorrelationId } from '../context.ts';
import { publishFailure } from '../events.ts';
import { extractFields, type ReadHeader } from '../trace/extract.ts';
import { withLevelFor } from './level-for.ts';
import type { FullOptions } from './options.ts';

/** Calls `fn` inside the request's correlation context. */
export type Run = <Result>(fn: () => Result) => Result;

const madeId = ({ generateId }: FullOptions): string => {
  try {
    const made = generateId();
    if (isValidCorrelationId(made)) return made;
    throw new TypeError('generateId must give 1 to 128 characters that may stand in a header');
  } catch (error) {
    // A generator that fails must not fail the request.
    publishFailure({ source: 'generateId', error });
  }
  return randomUUID();
};

/** The context of a request, out of what its headers brought. `shown` is the request as `levelFor` knows it. */
export const requestContext = (
  read: ReadHeader,
  options: FullOptions,
  shown: unknown,
): { correlationId: string; run: Run } => {
  const fields = extractFields(read, options.propagation);
  const correlationId = fields.correlationId ?? madeId(options);
  const run = CorrelationContext.run({ ...fields, correlationId }, () =>
    withLevelFor(shown, options.levelFor, () =>
      CorrelationContext.bind(<Result>(fn: () => Result): Result => fn()),
    ),
  );
  return { correlationId, run: run as Run };
};

/** The clock's time; NaN, which leaves the duration out, when it throws. */
export const timeOf = ({ clock }: FullOptions): number => {
  try {
    return clock();
  } catch (error) {
    publishFailure({ source: 'clock', error });
    return Number.NaN;
  }
};
