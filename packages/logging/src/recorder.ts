import { readCall } from './arguments.ts';
import { wholeNumber } from './check-options.ts';
import { registry } from './configuration.ts';
import { unitOfWork } from './context.ts';
import { describe } from './describe.ts';
import { checkLevel, type Level, type LevelSet } from './levels.ts';
import { composeLine } from './line.ts';
import { onlyKnown } from './only-known.ts';
import { emitKept } from './recorder-emit.ts';
import { markedReady, withoutMark } from './recorder-mark.ts';
import { Ring, RingBudget } from './recorder-ring.ts';
import type { Ready, Scope } from './scope.ts';

export interface RecorderOptions {
  /** The least severe level that is kept. */
  level: Level;
  /** A written record of this level or a more severe one has the kept ones written before it. Default `error`. */
  emitOn?: Level | undefined;
  /** One memory for each `CorrelationContext.run`, nested runs with the same id included, or one for the process. Default `context`. */
  scope?: 'context' | 'process' | undefined;
  /** What one memory holds, in bytes of its lines and 256 for each. Default 131_072 for a context, 1_048_576 for the process. */
  maxBytes?: number | undefined;
  /** How many records one memory holds. Default 1_000. */
  maxRecords?: number | undefined;
  /** What all contexts hold together, in bytes; the oldest give up theirs. Default 33_554_432. */
  maxTotalBytes?: number | undefined;
}

interface Ranks {
  readonly keep: number;
  readonly emitOn: number;
}

// What an object, its place in a list and the text's own header take, measured with a million of them.
const perRecordBytes = 256;

/** Keeps records that are not written, until one comes for which they are wanted. */
export class Recorder {
  readonly #level: Level;
  readonly #emitOn: Level;
  readonly #caps: { readonly maxBytes: number; readonly maxRecords: number };
  readonly #budget: RingBudget;
  /** The one memory of the process; undefined where each context has its own. */
  readonly #common: Ring | undefined;
  readonly #ranks = new WeakMap<LevelSet, Ranks>();

  constructor(options: Required<{ [Name in keyof RecorderOptions]: NonNullable<RecorderOptions[Name]> }>) {
    this.#level = options.level;
    this.#emitOn = options.emitOn;
    this.#caps = options;
    this.#budget = new RingBudget(options.maxTotalBytes);
    this.#common = options.scope === 'process' ? new Ring(options) : undefined;
  }

  /** Loggers with levels of their own take part with those that are named alike. */
  ranksIn(levels: LevelSet): Ranks {
    let known = this.#ranks.get(levels);
    if (known === undefined) {
      const { ranks } = levels;
      known = {
        keep: ranks[this.#level] ?? Number.NEGATIVE_INFINITY,
        emitOn: ranks[this.#emitOn] ?? Number.NEGATIVE_INFINITY,
      };
      this.#ranks.set(levels, known);
    }
    return known;
  }

  /** True if a record of this rank is kept here and now. */
  keeps(levels: LevelSet, rank: number): boolean {
    return rank <= this.ranksIn(levels).keep && (this.#common !== undefined || unitOfWork() !== undefined);
  }

  #ring(make: boolean): Ring | undefined {
    if (this.#common !== undefined) return this.#common;
    const unit = unitOfWork();
    if (unit === undefined) return undefined;
    const { ring } = unit;
    // What a recorder that was configured before has kept is not written by this one.
    if (ring instanceof Ring && ring.budget === this.#budget) return ring;
    if (!make) return undefined;
    const made = new Ring(this.#caps, this.#budget);
    unit.ring = made;
    return made;
  }

  /** Keeps one record as its line, redacted now. @param fed Whether transports with a level of their own get it. */
  keep(
    scope: Scope,
    ready: Ready,
    index: number,
    rank: number,
    args: readonly unknown[],
    fed: boolean,
  ): void {
    if (rank > this.ranksIn(scope.core.levels).keep) return;
    const ring = this.#ring(true);
    if (ring === undefined) return;
    const { rules } = ready;
    const call = readCall(args, rules);
    const line = composeLine(markedReady(ready), index, call.message, withoutMark(call.fields));
    // Counting the bytes also makes one text of the line's pieces.
    ring.push({ scope, rules, index, line, fed, bytes: Buffer.byteLength(line) + perRecordBytes });
  }

  /** Writes what is kept here, in the order it was logged. @returns how many records that were. */
  emit(): number {
    const ring = this.#ring(false);
    return ring === undefined ? 0 : emitKept(ring.take());
  }
}

const known = 'level emitOn scope maxBytes maxRecords maxTotalBytes'.split(' ');

/** @throws TypeError or RangeError naming the option that is unknown or wrong. */
export const recorderOf = (options: RecorderOptions | false): Recorder | undefined => {
  if (options === false) return undefined;
  onlyKnown('recorder', options, known);
  const { scope = 'context' } = options;
  if (scope !== 'context' && scope !== 'process')
    throw new TypeError(`recorder.scope must be context or process, got ${describe(scope)}`);
  const size = (name: 'maxBytes' | 'maxRecords' | 'maxTotalBytes', usual: number, least: number): number =>
    wholeNumber(`recorder.${name}`, options[name], least, usual);
  const maxBytes = size('maxBytes', scope === 'process' ? 1_048_576 : 131_072, 1_024);
  return new Recorder({
    level: checkLevel('recorder.level', options.level),
    emitOn: checkLevel('recorder.emitOn', options.emitOn ?? 'error'),
    scope,
    maxBytes,
    maxRecords: size('maxRecords', 1_000, 1),
    maxTotalBytes: size('maxTotalBytes', Math.max(maxBytes, 33_554_432), maxBytes),
  });
};

/**
 * Writes what the recorder keeps: of the context it is called in, or of the process, as `configureLogging({ recorder })` has it.
 * @returns how many records were written; 0 without a recorder.
 */
export const flushRecorder = (): number => registry.configuration.recorder?.emit() ?? 0;
