import type { IncomingMessage } from 'node:http';
import { CorrelationContext } from '../context.ts';
import { publishFailure } from '../events.ts';
import type { Level } from '../levels.ts';

/** Calls `fn` with the level that `levelFor` has for the request; without one when that throws or gives no level. */
export const withLevelFor = <Result>(
  request: IncomingMessage,
  levelFor: (request: IncomingMessage) => Level | undefined,
  fn: () => Result,
): Result => {
  let enter = fn;
  try {
    const level = levelFor(request);
    if (level !== undefined) enter = CorrelationContext.withLevel(level, () => CorrelationContext.bind(fn));
  } catch (error) {
    publishFailure({ source: 'levelFor', error });
  }
  return enter();
};
