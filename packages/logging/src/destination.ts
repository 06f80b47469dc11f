import { describe } from './describe.ts';
import type { Level } from './levels.ts';
import { stderr, stdout } from './standard-output.ts';
import { trackOf } from './track.ts';

/** Where lines go: each call gets one or more whole lines, every one with its newline. `process.stdout` fits, an array's push in a test too. */
export interface Destination {
  write(text: string): unknown;
  /** Called instead of `write` where there is one, for destinations that go by the level. */
  writeAtLevel?(text: string, level: Level): unknown;
  /** Asked by `logger.flush()`: everything taken before is out when it settles. */
  flush?(): Promise<void> | void;
  /** What it is called in events, health and metrics. Default `destination`. */
  readonly name?: string | undefined;
}

const heard = new WeakSet<Destination>();

/** A stream without a listener for its errors would end the process with the first of them. */
const hearErrors = (destination: Destination): void => {
  const { on } = destination as { on?: unknown };
  if (typeof on !== 'function' || heard.has(destination)) return;
  heard.add(destination);
  Reflect.apply(on, destination, ['error', (error: unknown) => trackOf(destination).failed(error)]);
};

/** @param hear false for one whose errors somebody else listens to. @throws TypeError when it is neither `stdout`, `stderr` nor an object with `write`. */
export const destinationOf = (
  given: Destination | 'stdout' | 'stderr' | undefined,
  hear = true,
): Destination | undefined => {
  if (given === undefined) return undefined;
  if (given === 'stdout') return stdout();
  if (given === 'stderr') return stderr();
  if (typeof given === 'object' && given !== null && typeof given.write === 'function') {
    if (hear) hearErrors(given);
    return given;
  }
  throw new TypeError(
    `destination must be 'stdout', 'stderr' or an object with write(text), got ${describe(given)}`,
  );
};
