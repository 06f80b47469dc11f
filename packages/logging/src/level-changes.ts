import { checkFunction, checkMs } from './check-options.ts';
import { registry, touch } from './configuration.ts';
import { environmentLevels } from './environment-level.ts';
import { publishLevel } from './events.ts';
import { loggerLevels } from './known-loggers.ts';
import { checkPattern } from './level-patterns.ts';
import { checkLevel, type Level } from './levels.ts';
import { onlyKnown } from './only-known.ts';
import { type Schedule, scheduleOutside, unrefTimer } from './schedule.ts';

export interface LevelChangeOptions {
  /** Ends the change by itself after this time, milliseconds, at most 2,147,483,647. Default: it stays until it is undone. */
  forMs?: number | undefined;
  /** Default an unref'd timer. */
  schedule?: Schedule | undefined;
}

/** A level changed at run time that is in force. */
export interface LevelChange {
  readonly pattern: string;
  readonly level: Level;
  readonly source: 'code' | 'signal' | 'http';
  /** When it ends by itself, as ISO 8601; undefined when it does not. */
  readonly until: string | undefined;
}

let changes: readonly LevelChange[] = [];

const keep = (next: readonly LevelChange[]): void => {
  changes = next;
  registry.changes = next.map(({ pattern, level }) => [pattern, level]);
  touch();
};

export const addChange = (
  pattern: string,
  level: Level,
  { forMs, schedule = unrefTimer }: LevelChangeOptions,
  source: LevelChange['source'],
): (() => void) => {
  const end = forMs === undefined ? undefined : Date.now() + forMs;
  const until = end === undefined ? undefined : new Date(end).toISOString();
  const change: LevelChange = { pattern, level, source, until };
  let cancel: (() => void) | undefined;
  const undo = (): void => {
    if (!changes.includes(change)) return;
    cancel?.();
    keep(changes.filter((each) => each !== change));
    publishLevel({ pattern, level, source, action: 'undone' });
  };
  if (forMs !== undefined) cancel = scheduleOutside(schedule, undo, forMs);
  keep([...changes, change]);
  publishLevel({ pattern, level, source, action: 'changed', ...(end === undefined ? {} : { until: end }) });
  return undo;
};

/**
 * Changes the level of all loggers whose name fits the pattern (`db.pool`, `db.*`, `*`), those made later included, over
 * everything that was said before: options, `configureLogging`, assigned levels, LOG_LEVEL. Of several changes the one
 * with the longest pattern counts, then the latest. A level of a context still comes before it.
 * @returns Undoes this change and no other, in whatever order; a second call does nothing.
 * @throws TypeError or RangeError for a pattern, level or time that is none.
 */
export const changeLevel = (
  pattern: string,
  level: Level,
  options: LevelChangeOptions = {},
): (() => void) => {
  checkPattern('pattern', pattern);
  checkLevel('level', level);
  checkChangeOptions('changeLevel', options, []);
  return addChange(pattern, level, options, 'code');
};

/** @throws TypeError or RangeError naming the option that is unknown or wrong. */
export const checkChangeOptions = (
  owner: string,
  options: LevelChangeOptions,
  more: readonly string[],
): void => {
  onlyKnown(owner, options, ['forMs', 'schedule', ...more]);
  if (options.forMs !== undefined) checkMs('forMs', options.forMs);
  checkFunction('schedule', options.schedule);
};

/** All that decides levels now. */
export interface LevelReport {
  /** The level in force of each logger, by name. */
  readonly loggers: Readonly<Record<string, string>>;
  /** Patterns of `configureLogging` and of LOG_LEVEL. */
  readonly patterns: ReadonlyArray<{ pattern: string; level: Level; source: 'code' | 'env' }>;
  /** Changes at run time, the latest last. */
  readonly changes: readonly LevelChange[];
}

/** The levels in force, and what made them so. */
export const levelReport = (): LevelReport => ({
  loggers: loggerLevels(),
  patterns: [
    ...registry.configuration.levels.map(([pattern, level]) => ({ pattern, level, source: 'code' }) as const),
    ...environmentLevels().patterns.map(([pattern, level]) => ({ pattern, level, source: 'env' }) as const),
  ],
  changes,
});
