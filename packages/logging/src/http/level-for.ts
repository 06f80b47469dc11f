import { CorrelationContext } from '../context.ts';
import { publishFailure } from '../events.ts';
import type { Level } from '../levels.ts';

/** Calls `fn` with the level that `levelFor` has for the request; without one when that throws or gives no level. */
export const withLevelFor = <Result>(
  request: unknown,
  levelFor: (request: never) => Level | undefined,
  fn: () => Result,
): Result => {
  let enter = fn;
  try {
    const level = levelFor(request as never);
    if (level !== undefined) enter = CorrelationContext.withLevel(level, () => CorrelationContext.bind(fn));
  } catch (error) {
    publishFailure({ source: 'levelFor', error });
  }
  return enter();
};
