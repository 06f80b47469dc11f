import { blaming, msOf } from './pipeline-part.ts';
import type { PipelineChanges } from './pipeline-types.ts';
import { type PolicyLike, prepareOf } from './policy.ts';
import { onlyKnown } from './validate.ts';

const CHANGES: readonly (keyof PipelineChanges)[] = [
  ...(['deadlineMs', 'totalTimeoutMs', 'rateLimit', 'bulkhead', 'adaptiveConcurrency'] as const),
  ...(['retry', 'hedge', 'circuitBreaker', 'timeoutMs', 'chaos'] as const),
];

/** Checks the changes of all parts before any takes effect, and answers what puts them in force. */
export const prepareParts = (
  parts: ReadonlyMap<string, PolicyLike>,
  changes: PipelineChanges,
): (() => void) => {
  onlyKnown('configure', changes, CHANGES);
  const given = Object.entries(changes).filter(([, change]) => change !== undefined);
  const commits = given.map(([option, change]: [string, unknown]) => {
    const policy = parts.get(option);
    const prepare = policy && prepareOf(policy);
    if (prepare === undefined)
      throw new TypeError(`configure cannot change ${option}: the pipeline has no such part of ours`);
    const settings = option.endsWith('Ms') ? { ms: msOf(option, change) } : change;
    return blaming(option, () => prepare(settings as never));
  });
  return () => {
    for (const commit of commits) commit();
  };
};
