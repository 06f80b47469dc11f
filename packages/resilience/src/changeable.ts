import type { Prepare } from './policy.ts';
import { changed, onlyKnown } from './validate.ts';

/**
 * Settings that can be changed: changes are laid over the options so far, those that are undefined left out, checked with them as a whole, and take effect as a whole.
 * @param known The options that may be changed.
 * @param read Checks options; throws for one that makes no sense.
 * @param apply Puts what `read` answered in force.
 */
export const changeable = <O extends object, S>(
  options: O,
  known: readonly string[],
  read: (options: O) => S,
  apply: (settings: S) => void,
): Prepare => {
  let current = options;
  return (changes: Partial<O>) => {
    onlyKnown('configure', changes, known);
    const next = changed(current, changes);
    const settings = read(next);
    return () => {
      current = next;
      apply(settings);
    };
  };
};
