import type { Configuration } from './configuration.ts';
import { registry, rulesFor, touch } from './configuration.ts';
import { type Control, controlOf } from './control.ts';
import { type Formatting, type Output, outputOf } from './deliver.ts';
import type { Destination } from './destination.ts';
import { noteShape } from './drop-notice.ts';
import { environmentLevels } from './environment-level.ts';
import type { Feed } from './feed.ts';
import { environmentShape } from './formats.ts';
import { bestLevel } from './level-patterns.ts';
import { isLevelOf, type Level, type LevelSet } from './levels.ts';
import type { LevelMethod } from './log-methods.ts';
import {
  clash,
  layered,
  layerMembers,
  type Members,
  noMembers,
  readingDepth,
  readingLayers,
  readLayers,
} from './members.ts';
import { observing } from './observer.ts';
import { snapshot } from './peek.ts';
import type { RedactOptions } from './redact.ts';
import type { FullLimits, Rules } from './rules.ts';
import type { Shape } from './shape.ts';
import { stdout } from './standard-output.ts';
import type { Throttling } from './throttle-options.ts';

/** What a logger and its children have in common. */
export interface Core {
  readonly name: string;
  readonly levels: LevelSet;
  readonly clock: () => number;
  readonly redact: RedactOptions | false | undefined;
  readonly limits: FullLimits;
  readonly shape: Shape | undefined;
  readonly base: Readonly<Record<string, unknown>>;
  readonly destination: Destination | undefined;
  /** Undefined for `configureLogging`'s, false for none. */
  readonly throttle: Throttling | false | undefined;
  feeds: readonly Feed[];
  /** winston's `defaultMeta`, which users may assign at any time. */
  defaultMeta: () => object | null | undefined;
  /** The logger itself: its format and whether it is silent are looked up at each call. */
  root: { silent: boolean } & Formatting;
}

/** Everything a log call needs, made anew when the configuration's version moves. */
export interface Ready {
  readonly name: string;
  readonly clock: () => number;
  readonly rules: Rules;
  /** Records up to this rank are written; transports with a level of their own decide for themselves. */
  readonly rank: number;
  /** Up to this rank a record may be wanted; what is wanted beyond `rank` is for `control` to say. */
  readonly reach: number;
  /** Undefined while nothing but levels decides what is written. */
  readonly control: Control | undefined;
  /** What stands behind the time, for each level by its place in the set. */
  readonly heads: readonly string[];
  /** What stands behind the message, before all fields. */
  readonly tail: string;
  readonly base: Members;
  readonly bindings: Members;
  /** The texts of base and bindings, for the case that they have no name in common. */
  readonly fixed: string;
  readonly settled: boolean;
  readonly feeds: readonly Feed[];
  readonly output: Output | undefined;
  readonly defaultMeta: object | null | undefined;
}

/** The later layer wins, but never with undefined. */
const overlaid = (...layers: ReadonlyArray<object | null | undefined>): Record<string, unknown> => {
  const all: Record<string, unknown> = Object.create(null);
  for (const layer of layers) {
    if (typeof layer !== 'object' || layer === null) continue;
    for (const [key, value] of Object.entries(snapshot(layer))) if (value !== undefined) all[key] = value;
  }
  return all;
};

/** One logger or child: its bindings, its own level, and the state derived from them and the configuration. */
export class Scope {
  readonly core: Core;
  readonly parent: Scope | undefined;
  readonly #bindings: Readonly<Record<string, unknown>> | undefined;
  #own: { level: string; since: number; assigned: boolean } | undefined;
  #ready: Ready | undefined;
  #version = 0;
  #methods: LevelMethod[] | undefined;
  #lookUps = 0;

  constructor(core: Core, parent?: Scope, bindings?: Readonly<Record<string, unknown>>) {
    this.core = core;
    this.parent = parent;
    this.#bindings = bindings;
  }

  /** The logger's method for a level, made once. */
  method(index: number, make: () => LevelMethod): LevelMethod {
    const known = this.#methods?.[index];
    if (known !== undefined) return known;
    const made = make();
    this.#methods ??= [];
    this.#methods[index] = made;
    return made;
  }

  /** True once the methods were looked up more often than in a short life. */
  isBusy(): boolean {
    return ++this.#lookUps > 16;
  }

  /** @param assigned false for an option at creation, which a pattern of `configureLogging` overrides. */
  setLevel(level: string, assigned: boolean): void {
    this.#own = { level, since: touch(), assigned };
  }

  get level(): Level {
    return this.#level() as Level;
  }

  #level(): string {
    const { configuration } = registry;
    const { core } = this;
    const own = this.#own;
    if (own === undefined && this.parent !== undefined) {
      let { parent } = this;
      while (parent.#own === undefined && parent.parent !== undefined) parent = parent.parent;
      return parent.#level();
    }
    const later = own !== undefined && own.since > configuration.levelsSince;
    const known = (level: string | undefined): level is string => isLevelOf(core.levels, level);
    const changed = bestLevel(registry.changes, core.name);
    if (known(changed)) return changed;
    if (later && own.assigned) return own.level;
    const environment = environmentLevels();
    const byPattern =
      bestLevel(configuration.levels, core.name) ?? bestLevel(environment.patterns, core.name);
    if (known(byPattern)) return byPattern;
    if (own !== undefined && (later || !known(configuration.level))) return own.level;
    if (this.parent !== undefined) return this.parent.#level();
    const common = configuration.level ?? environment.level;
    return known(common) ? common : core.levels.usual;
  }

  /** No record above this rank is wanted before the configuration's version moves. */
  get reach(): number {
    const { reach, feeds } = this.ready();
    // A transport's level may be assigned at any time.
    return feeds.length > 0 ? Number.POSITIVE_INFINITY : reach;
  }

  /** True if a record of this rank may be wanted anywhere. */
  enabled(rank: number): boolean {
    // defaultMeta, which ready() also watches, has no say in levels.
    const { reach, feeds } = this.#version === registry.version ? this.#ready! : this.ready();
    return rank <= reach || (feeds.length > 0 && this.wantedBy(feeds, rank));
  }

  /** True if a transport's own level lets this rank pass. */
  wantedBy(feeds: readonly Feed[], rank: number): boolean {
    const { ranks } = this.core.levels;
    for (const { target } of feeds) {
      const { level } = target;
      if (level !== undefined && rank <= (ranks[level] ?? -1)) return true;
    }
    return false;
  }

  ready(): Ready {
    if (this.#version === registry.version && this.#ready!.defaultMeta === this.core.defaultMeta())
      return this.#ready!;
    const { version, configuration } = registry;
    if (readingLayers()) return readLayers(() => this.#derived(configuration, undefined));
    this.#ready = readLayers(() => this.#derived(configuration, this.core.defaultMeta()));
    this.#version = version;
    return this.#ready;
  }

  #derived(configuration: Configuration, defaultMeta: object | null | undefined): Ready {
    return this.#derive(configuration, defaultMeta, this.#above(configuration, defaultMeta));
  }

  /** What the parent has derived, now if it had not yet. */
  #above(configuration: Configuration, defaultMeta: object | null | undefined): Ready | undefined {
    const { version } = registry;
    // By a loop, as children of children may be nested deeper than calls may.
    const stale: Scope[] = [];
    let scope = this.parent;
    let above: Ready | undefined;
    for (; scope !== undefined; scope = scope.parent) {
      if (scope.#version === version && scope.#ready!.defaultMeta === defaultMeta) {
        above = scope.#ready;
        break;
      }
      stale.push(scope);
    }
    for (const each of stale.reverse()) {
      above = each.#derive(configuration, defaultMeta, above);
      if (readingDepth() === 1 && configuration === registry.configuration) {
        each.#ready = above;
        each.#version = registry.version;
      }
    }
    return above;
  }

  /** @param parent what the parent has derived; undefined for a logger. */
  #derive(
    configuration: Configuration,
    defaultMeta: object | null | undefined,
    parent: Ready | undefined,
  ): Ready {
    const above = parent ?? this.#root(configuration, defaultMeta);
    const own = this.#bindings === undefined ? noMembers : layerMembers(this.#bindings, above.rules);
    const bindings = layered(above.bindings, own);
    const { base, control } = above;
    const rank = this.#own === undefined ? above.rank : (this.core.levels.ranks[this.#level()] as number);
    return {
      name: above.name,
      clock: above.clock,
      rules: above.rules,
      rank,
      reach: control === undefined ? rank : Math.max(rank, control.reach),
      control,
      heads: above.heads,
      tail: above.tail,
      base,
      bindings,
      fixed: base.text + bindings.text,
      settled: base.nested.length + bindings.nested.length === 0 && !clash(base, bindings),
      feeds: above.feeds,
      output: above.output,
      defaultMeta,
    };
  }

  #root(configuration: Configuration, defaultMeta: object | null | undefined): Ready {
    const { core } = this;
    const shape = core.shape ?? configuration.shape ?? environmentShape();
    const rules = rulesFor(core.redact, core.limits, shape);
    const observed = observing.observer?.feeds ?? [];
    const feeds = [...new Set([...core.feeds, ...configuration.feeds, ...observed])];
    const silent = feeds.some((feed) => feed.takesRecords && !feed.pushed);
    const destination = core.destination ?? configuration.destination ?? (silent ? undefined : stdout());
    for (const target of destination === undefined ? feeds : [destination, ...feeds])
      noteShape(target, shape);
    const name = rules.string(core.name);
    const rank = core.levels.ranks[this.#level()] as number;
    const control = controlOf(this, configuration);
    return {
      name: core.name,
      clock: core.clock,
      rules,
      rank,
      reach: control === undefined ? rank : Math.max(rank, control.reach),
      control,
      heads: core.levels.names.map((level) => shape.head(level, name)),
      tail: shape.open(name),
      base: layerMembers(overlaid(defaultMeta, configuration.base, core.base), rules),
      bindings: noMembers,
      fixed: '',
      settled: true,
      feeds,
      output: destination && outputOf(destination, core.levels.names, shape.drawFor?.(destination)),
      defaultMeta,
    };
  }
}
