import { describe } from './describe.ts';

/** winston's npm levels: a lower number is more severe. */
export const levels = { error: 0, warn: 1, info: 2, http: 3, verbose: 4, debug: 5, silly: 6 } as const;

export type Level = keyof typeof levels;

/** The levels a logger knows, by name; a lower number is more severe. */
export interface LevelSet {
  readonly names: readonly string[];
  readonly ranks: Readonly<Record<string, number>>;
  /** Where nothing else is said: `info`, else the least severe. */
  readonly usual: string;
}

const setOf = (given: Readonly<Record<string, number>>): LevelSet => {
  const ranks: Record<string, number> = Object.assign(Object.create(null), given);
  const names = Object.keys(ranks);
  const least = names.reduce((one, other) =>
    (ranks[other] as number) > (ranks[one] as number) ? other : one,
  );
  return { names, ranks, usual: 'info' in ranks ? 'info' : least };
};

export const npmLevels: LevelSet = setOf(levels);
const sets = new Map<string, LevelSet>();

/** @throws TypeError unless it is an object of names and integers; RangeError for a name that is a method already. */
export const levelSet = (given: unknown): LevelSet => {
  if (given === undefined || given === levels) return npmLevels;
  if (typeof given !== 'object' || given === null || Object.keys(given).length === 0)
    throw new TypeError(`levels must be an object such as { fatal: 0, info: 1 }, got ${describe(given)}`);
  for (const [name, rank] of Object.entries(given)) {
    if (!Number.isSafeInteger(rank))
      throw new TypeError(`levels.${name} must be an integer, got ${describe(rank)}`);
    if (!/^[A-Za-z_$][\w$-]{0,63}$/.test(name))
      throw new TypeError(`levels must have plain names, got ${JSON.stringify(name)}`);
  }
  const key = JSON.stringify(given);
  if (key === JSON.stringify(levels)) return npmLevels;
  let set = sets.get(key);
  if (set === undefined) {
    set = setOf(given as Record<string, number>);
    sets.set(key, set);
  }
  return set;
};

export const isLevel = (value: unknown): value is Level => isLevelOf(npmLevels, value);

export const isLevelOf = (set: LevelSet, value: unknown): value is string =>
  typeof value === 'string' && Object.hasOwn(set.ranks, value);

/** @throws RangeError when `value` is not one of the levels. */
export const checkLevel = (option: string, value: unknown, set: LevelSet = npmLevels): Level => {
  if (isLevelOf(set, value)) return value as Level;
  throw new RangeError(`${option} must be one of ${set.names.join(', ')}, got ${describe(value)}`);
};
