import { contextFields, outsideContext, unitOfWork } from './context.ts';
import { counters } from './counters.ts';
import { publishFailure, publishSuppress } from './events.ts';
import type { LevelSet } from './levels.ts';
import { KeyTable, type Tally, templateOf } from './message-keys.ts';
import { shareOf } from './sampling.ts';
import { scheduleOutside } from './schedule.ts';
import { certainRank, type Throttling } from './throttle-options.ts';
import { isoTime } from './time.ts';
import { owes, owesNothing } from './untold.ts';

/** The logger whose records are throttled. */
export interface Throttled {
  readonly name: string;
  readonly levels: LevelSet;
  readonly clock: () => number;
  /** The message without the secrets in it, for whoever follows the channel. */
  readonly hide: (message: string) => string;
  /** Writes a line that is not throttled. */
  readonly write: (index: number, message: string, fields: Record<string, unknown>) => void;
}

/** Whether a record is written; `sampled` and `held` ones are counted and told. */
export type Verdict = 'written' | 'sampled' | 'held';

/** The throttling of one logger and its children. */
export class Throttle {
  readonly #options: Throttling;
  readonly #logger: Throttled;
  /** Rates by the place of the level; undefined for levels that are never sampled out. */
  readonly #rates: ReadonlyArray<number | undefined>;
  readonly #sampled: Tally[] = [];
  readonly #unwatched: Tally[] = [];
  readonly #keys: KeyTable;
  /** When the interval is over; the next record begins another. */
  #end = Number.NEGATIVE_INFINITY;
  #untold: Tally[] = [];
  #armed = false;
  #cancel: (() => void) | undefined;

  constructor(logger: Throttled, options: Throttling) {
    this.#logger = logger;
    this.#options = options;
    const { names, ranks } = logger.levels;
    const certain = certainRank(logger.levels);
    const { sample } = options;
    this.#rates = names.map((name) =>
      sample === undefined || (ranks[name] as number) <= certain
        ? undefined
        : (sample.levels[name] ?? sample.rate),
    );
    this.#keys = new KeyTable(options);
  }

  /** @param whole True where all records are wanted, so that none is sampled out. */
  judge(index: number, args: readonly unknown[], whole: boolean): Verdict {
    const { dedupe, rateLimit, monotonicClock } = this.#options;
    const now = monotonicClock();
    if (!Number.isFinite(now)) throw new RangeError(`throttle.monotonicClock gave ${now}`);
    if (now >= this.#end) this.#begin(now);
    const rate = whole ? undefined : this.#rates[index];
    if (rate !== undefined && this.#share() >= rate) {
      this.#sampled[index] ??= {
        index,
        message: 'records sampled out',
        reason: 'sample',
        count: 0,
        first: 0,
        last: 0,
      };
      this.#count(this.#sampled[index], now);
      return 'sampled';
    }
    if (dedupe === undefined && rateLimit === undefined) return 'written';
    const entry = this.#keys.entry(index, templateOf(args), now);
    const tally = entry === undefined ? this.#without(index, now) : this.#keys.take(entry, now);
    if (tally === undefined) return 'written';
    this.#count(tally, now);
    return 'held';
  }

  #share(): number {
    const unit = unitOfWork();
    if (unit === undefined) return this.#options.random();
    // Kept, so that a trace id that is set later does not part a request's lines.
    if (unit.share === undefined) {
      const fields = contextFields();
      const traceId = fields?.traceId;
      unit.share = shareOf(
        typeof traceId === 'string' && traceId !== '' ? traceId : (fields?.correlationId ?? ''),
      );
    }
    return unit.share;
  }

  /** Messages beyond `maxKeys` are not deduplicated, and share one budget. */
  #without(index: number, now: number): Tally | undefined {
    this.#unwatched[index] ??= {
      index,
      message: 'more messages than throttle.maxKeys',
      reason: 'maxKeys',
      count: 0,
      first: 0,
      last: 0,
    };
    this.#count(this.#unwatched[index], now);
    return this.#keys.takeShared(index, now);
  }

  #begin(now: number): void {
    // First, so that a destination that logs while it is told finds the new interval.
    this.#keys.begin(now);
    this.#end = now + this.#options.intervalMs;
    this.tell();
  }

  #count(tally: Tally, now: number): void {
    tally.last = this.#logger.clock();
    if (tally.reason !== 'maxKeys') counters.suppressed++;
    if (tally.count++ > 0) return;
    tally.first = tally.last;
    this.#untold.push(tally);
    owes(this);
    if (!this.#armed) this.#arm(Math.max(1, Math.ceil(this.#end - now)));
  }

  #arm(ms: number): void {
    this.#armed = true;
    const over = (): void => {
      this.#armed = false;
      this.#cancel = undefined;
      this.#end = Number.NEGATIVE_INFINITY;
      this.tell();
    };
    try {
      this.#cancel = scheduleOutside(this.#options.schedule, over, ms);
    } catch (error) {
      // It is told with the next interval then, by a flush, or at the end.
      publishFailure({ source: 'throttle', error });
    }
  }

  /** Writes what was held back since the last time, a line for each message, level and reason. */
  tell(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#armed = false;
    owesNothing(this);
    const untold = this.#untold;
    if (untold.length === 0) return;
    this.#untold = [];
    outsideContext(() => {
      for (const tally of untold) this.#tellOne(tally);
    });
  }

  #tellOne(tally: Tally): void {
    const { index, message, reason, count, first, last } = tally;
    tally.count = 0;
    const { name, levels, hide, write } = this.#logger;
    const times = { first: isoTime(first), last: isoTime(last) };
    if (reason === 'maxKeys') {
      write(index, message, { unwatched: count, reason, ...times });
    } else {
      publishSuppress({
        logger: name,
        level: levels.names[index] as string,
        message: hide(message),
        reason,
        suppressed: count,
        ...times,
      });
      write(index, message, { suppressed: count, reason, ...times });
    }
  }
}
