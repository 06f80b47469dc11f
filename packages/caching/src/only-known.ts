import { describe } from './describe.ts';

/** The names of all options of an interface, which the compiler keeps complete. */
export const optionNames = <T>(names: Record<keyof T, true>): readonly string[] => Object.keys(names);

/** Refuses a misspelt option, which would otherwise quietly leave the default in force. `hint` is added when `options` is no object. */
export const onlyKnown = (owner: string, options: unknown, known: readonly string[], hint = ''): void => {
  if (typeof options !== 'object' || options === null)
    throw new TypeError(
      `${owner} options must be an object, got ${
        typeof options === 'function'
          ? 'a function'
          : typeof options === 'string'
            ? JSON.stringify(options)
            : describe(options)
      }${hint}`,
    );
  for (const key of Object.keys(options))
    if (!known.includes(key))
      throw new TypeError(`${owner} has no option "${key}"; it knows ${known.join(', ')}`);
};
