import type { Configuration } from './configuration.ts';
import { registry } from './configuration.ts';
import { contextLevels } from './context.ts';
import { publishFailure } from './events.ts';
import type { Recorder } from './recorder.ts';
import type { Core, Ready, Scope } from './scope.ts';
import { Throttle, type Verdict } from './throttle.ts';
import type { Throttling } from './throttle-options.ts';
import { atRank, writeAnyway } from './write.ts';

/** What has a say in whether a record is written, beside its logger's level. */
export interface Control {
  readonly throttle: Throttle | undefined;
  readonly recorder: Recorder | undefined;
  /** Up to this rank a record may be wanted. */
  readonly reach: number;
}

const throttles = new WeakMap<Core, { throttling: Throttling; throttle: Throttle }>();

/** One for a logger and its children, for as long as the options are the same. */
const throttleOf = (scope: Scope, throttling: Throttling): Throttle => {
  const { core } = scope;
  const known = throttles.get(core);
  if (known?.throttling === throttling) return known.throttle;
  const { name, levels, clock } = core;
  const throttle = new Throttle(
    {
      name,
      levels,
      clock,
      hide: (message) => scope.ready().rules.redactor.hideSecrets(message),
      write: (index, message, fields) => writeAnyway(scope, index, message, fields),
    },
    throttling,
  );
  throttles.set(core, { throttling, throttle });
  return throttle;
};

/** Undefined while nothing but levels decides: then a log call pays for nothing else. */
export const controlOf = (root: Scope, configuration: Configuration): Control | undefined => {
  const { core } = root;
  const { recorder } = configuration;
  const throttling = core.throttle === false ? undefined : (core.throttle ?? configuration.throttle);
  const throttle = throttling === undefined ? undefined : throttleOf(root, throttling);
  if (throttle === undefined && recorder === undefined && !registry.contextLevels) return undefined;
  const recorded = recorder?.ranksIn(core.levels).keep ?? Number.NEGATIVE_INFINITY;
  return { throttle, recorder, reach: registry.contextLevels ? Number.POSITIVE_INFINITY : recorded };
};

const contextRank = ({ core }: Scope): number | undefined => contextLevels()?.rankOf(core.name, core.levels);

/** True if a record of this rank is wanted here and now: by a destination, a transport or the recorder. */
export const wants = (scope: Scope, rank: number): boolean => {
  const { rank: own, feeds, control } = scope.ready();
  if (rank <= (control === undefined ? own : (contextRank(scope) ?? own))) return true;
  return scope.wantedBy(feeds, rank) || control?.recorder?.keeps(scope.core.levels, rank) === true;
};

/** A clock or a random source that fails must not cost a record. */
const judged = (
  throttle: Throttle | undefined,
  index: number,
  args: readonly unknown[],
  whole: boolean,
): Verdict => {
  if (throttle === undefined) return 'written';
  try {
    return throttle.judge(index, args, whole);
  } catch (error) {
    publishFailure({ source: 'throttle', error });
    return 'written';
  }
};

/**
 * Decides on one record, before its fields are read. @returns with what it is to be written, undefined when it is not: then it
 * was kept by the recorder, or counted by the throttle, or nobody wants it.
 */
export const admit = (
  scope: Scope,
  ready: Ready,
  { throttle, recorder }: Control,
  index: number,
  args: readonly unknown[],
): Ready | undefined => {
  const { levels } = scope.core;
  const rank = levels.ranks[levels.names[index]!]!;
  const own = contextRank(scope);
  const most = own ?? ready.rank;
  const above = rank <= most;
  const verdict =
    above || scope.wantedBy(ready.feeds, rank) ? judged(throttle, index, args, own !== undefined) : undefined;
  if (verdict === 'held') return undefined;
  const written = verdict === 'written';
  if (recorder !== undefined) {
    if (written && above) {
      if (rank <= recorder.ranksIn(levels).emitOn) recorder.emit();
    } else {
      recorder.keep(scope, ready, index, rank, args, written);
    }
  }
  return written ? atRank(ready, most) : undefined;
};
