import { describe } from './describe.ts';
import { stderr, stdout } from './fd-sink.ts';

/** Where lines go: each call gets one or more whole lines, every one with its newline. `process.stdout` fits, an array's push in a test too. */
export interface Destination {
  write(text: string): unknown;
  /** Asked by `logger.flush()`: everything taken before is out when it settles. */
  flush?(): Promise<void> | void;
}

/** @throws TypeError when it is neither `stdout`, `stderr` nor an object with `write`. */
export const destinationOf = (
  given: Destination | 'stdout' | 'stderr' | undefined,
): Destination | undefined => {
  if (given === undefined) return undefined;
  if (given === 'stdout') return stdout();
  if (given === 'stderr') return stderr();
  if (typeof given === 'object' && given !== null && typeof given.write === 'function') return given;
  throw new TypeError(
    `destination must be 'stdout', 'stderr' or an object with write(text), got ${describe(given)}`,
  );
};
