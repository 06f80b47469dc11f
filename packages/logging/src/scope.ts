import type { Configuration } from './configuration.ts';
import { environmentLevel, patternLevel, registry, rulesFor, touch } from './configuration.ts';
import type { Destination } from './destination.ts';
import { stdout } from './fd-sink.ts';
import type { Feed } from './feed.ts';
import { type Level, levelNames, levels } from './levels.ts';
import { layerMembers, type Members, readingLayers, readLayers } from './members.ts';
import { snapshot } from './peek.ts';
import type { RedactOptions } from './redact.ts';
import type { FullLimits, Rules } from './rules.ts';

/** What a logger and its children have in common. */
export interface Core {
  readonly name: string;
  readonly clock: () => number;
  readonly redact: RedactOptions | false | undefined;
  readonly limits: FullLimits;
  readonly base: Readonly<Record<string, unknown>>;
  readonly destination: Destination | undefined;
  feeds: readonly Feed[];
  /** winston's `defaultMeta`, which users may assign at any time. */
  defaultMeta: () => object | null | undefined;
}

/** Everything a log call needs, made anew when the configuration's version moves. */
export interface Ready {
  readonly rules: Rules;
  /** Records up to this rank are written; transports with a level of their own decide for themselves. */
  readonly rank: number;
  /** `"level":"info","logger":"name"` by rank. */
  readonly heads: readonly string[];
  readonly base: Members;
  readonly bindings: Members;
  readonly feeds: readonly Feed[];
  readonly destination: Destination | undefined;
  readonly defaultMeta: object | null | undefined;
}

/** The later layer wins, but never with undefined. */
const layered = (...layers: ReadonlyArray<object | null | undefined>): Record<string, unknown> => {
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
  readonly #bindings: Readonly<Record<string, unknown>>;
  #own: { level: Level; since: number; assigned: boolean } | undefined;
  #ready: Ready | undefined;
  #version = 0;

  constructor(core: Core, parent?: Scope, bindings: Readonly<Record<string, unknown>> = {}) {
    this.core = core;
    this.parent = parent;
    this.#bindings = parent === undefined ? bindings : layered(parent.#bindings, bindings);
  }

  /** @param assigned false for an option at creation, which a pattern of `configureLogging` overrides. */
  setLevel(level: Level, assigned: boolean): void {
    this.#own = { level, since: touch(), assigned };
  }

  get level(): Level {
    const { configuration } = registry;
    const own = this.#own;
    const later = own !== undefined && own.since > configuration.levelsSince;
    if (later && own.assigned) return own.level;
    const byPattern = patternLevel(this.core.name);
    if (byPattern !== undefined) return byPattern;
    if (own !== undefined && (later || configuration.level === undefined)) return own.level;
    if (this.parent !== undefined) return this.parent.level;
    return configuration.level ?? environmentLevel().level;
  }

  /** True if a record of this rank is wanted anywhere. */
  enabled(rank: number): boolean {
    // defaultMeta, which ready() also watches, has no say in levels.
    const { rank: own, feeds } = this.#version === registry.version ? this.#ready! : this.ready();
    if (rank <= own) return true;
    for (const { target } of feeds) {
      const level = target.level as Level | undefined;
      if (level !== undefined && rank <= levels[level]) return true;
    }
    return false;
  }

  ready(): Ready {
    if (this.#version === registry.version && this.#ready!.defaultMeta === this.core.defaultMeta())
      return this.#ready!;
    const { version, configuration } = registry;
    if (readingLayers()) return readLayers(() => this.#derive(configuration, undefined));
    this.#ready = readLayers(() => this.#derive(configuration, this.core.defaultMeta()));
    this.#version = version;
    return this.#ready;
  }

  #derive(configuration: Configuration, defaultMeta: object | null | undefined): Ready {
    const { core } = this;
    const rules = rulesFor(core.redact, core.limits);
    const feeds = [...new Set([...core.feeds, ...configuration.feeds])];
    const beside = core.destination ?? configuration.destination;
    const name = rules.string(core.name);
    return {
      rules,
      rank: levels[this.level],
      heads: levelNames.map((level) => `"level":"${level}","logger":${name}`),
      base: layerMembers(layered(defaultMeta, configuration.base, core.base), rules),
      bindings: layerMembers(this.#bindings, rules),
      feeds,
      destination: beside ?? (feeds.some((feed) => feed.takesRecords) ? undefined : stdout()),
      defaultMeta,
    };
  }
}
