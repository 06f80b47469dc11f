import { bestLevel, type PatternLevel, patternLevels } from './level-patterns.ts';
import { checkLevel, isLevelOf, type Level, type LevelSet } from './levels.ts';

/** The levels that one context has of its own. */
export class ContextLevels {
  readonly #patterns: readonly PatternLevel[];
  readonly #outer: ContextLevels | undefined;
  readonly #known = new Map<string, string | undefined>();

  /** @throws RangeError or TypeError for a level or a pattern that is none. */
  constructor(given: Level | Readonly<Record<string, Level>>, outer: ContextLevels | undefined) {
    this.#patterns =
      typeof given === 'object' && given !== null
        ? patternLevels('levels', given)
        : [['*', checkLevel('level', given)]];
    this.#outer = outer;
  }

  /** The level of a logger of this name; undefined where nothing here fits it. */
  levelOf(name: string): string | undefined {
    if (this.#known.has(name)) return this.#known.get(name);
    const level = bestLevel(this.#patterns, name) ?? this.#outer?.levelOf(name);
    this.#known.set(name, level);
    return level;
  }

  /** Up to which rank a logger's records are written here; undefined for its own level. */
  rankOf(name: string, levels: LevelSet): number | undefined {
    const level = this.levelOf(name);
    return isLevelOf(levels, level) ? levels.ranks[level] : undefined;
  }
}
