import { flushAtExit } from './at-exit.ts';
import { type Destination, destinationOf } from './destination.ts';
import { type DestinationHealth, reportHealth, reportHealthNoMore } from './health.ts';
import { innerOf } from './inner.ts';
import { type IsolatedOptions, isolatedOptions } from './isolated-options.ts';
import { Isolation } from './isolation.ts';
import type { Level } from './levels.ts';

/** A destination that can fail or hang without a log call noticing. */
export interface IsolatedDestination extends Destination {
  readonly name: string;
  writeAtLevel(text: string, level: Level): void;
  /** Settles when all that was written before is out, or after `flushTimeoutMs`. */
  flush(): Promise<void>;
  health(): DestinationHealth;
  /** Flushes and lets go of it; lines written later still pass, but are not handed over at exit. */
  close(): Promise<void>;
}

/**
 * Puts a bounded queue and a guard between the loggers and a destination: it may throw, reject, hang, push back or end, and costs no
 * log call more than a queued line. `write` of the destination may answer with a promise, which is waited for before the next call,
 * or, if it is a stream, with false. Queued lines go several to a call, 64 KiB at most.
 * @throws TypeError or RangeError naming the option that is unknown or wrong.
 */
export const isolated = (
  destination: Destination | 'stdout' | 'stderr',
  options: IsolatedOptions = {},
): IsolatedDestination => {
  const target = destinationOf(destination, false);
  if (target === undefined)
    throw new TypeError(
      "destination must be 'stdout', 'stderr' or an object with write(text), got undefined",
    );
  const isolation = new Isolation(innerOf(target), isolatedOptions(target, options));
  reportHealthNoMore(target as IsolatedDestination);
  reportHealth(isolation);
  flushAtExit(isolation);
  return isolation;
};
