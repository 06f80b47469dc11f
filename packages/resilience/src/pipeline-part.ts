import type { PolicyLike } from './policy.ts';
import { duration, holdsOptions, show } from './validate.ts';

/** A part of a pipeline: a ready policy as it is, else what `build` makes of its options; undefined without. */
export const partOf = (
  option: string,
  given: unknown,
  build: (given: never) => PolicyLike,
): PolicyLike | undefined => {
  if (given === undefined) return undefined;
  // A policy of ours is a function, so `execute` is what tells a ready policy from options and from a plain function.
  if (typeof (given as PolicyLike | null)?.execute === 'function') return given as PolicyLike;
  return blaming(option, () => build(given as never));
};

/** The message of a part names the part's own option; this says which part that was. */
export const blaming = <T>(option: string, work: () => T): T => {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
    if (error.message.startsWith(`${option} `)) throw error;
    const Kind = error instanceof RangeError ? RangeError : TypeError;
    throw new Kind(`${option}: ${error.message}`, { cause: error });
  }
};

/** Spreading would take `false`, meant as "without", for options with nothing in them, and switch the part on. */
export const optionsOf = <O extends object>(option: string, given: unknown): O => {
  if (!holdsOptions(given))
    throw new TypeError(
      `${option} must be its options or a policy, got ${show(given)}; leave it out to do without`,
    );
  return given as O;
};

/** A part that is a number of milliseconds. */
export const msOf = (option: string, given: unknown): number => {
  if (typeof given !== 'number')
    throw new TypeError(`${option} must be a number of milliseconds or a policy, got ${show(given)}`);
  return duration(option, given, { zero: false, infinite: true });
};
