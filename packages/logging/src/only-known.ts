import { describe } from './describe.ts';
/** Refuses a misspelt option, which would otherwise quietly leave the default in force. */
export const onlyKnown = (owner: string, options: unknown, known: readonly string[]): void => {
  if (typeof options !== 'object' || options === null)
    throw new TypeError(`${owner} options must be an object, got ${describe(options)}`);
  for (const key of Object.keys(options))
    if (!known.includes(key))
      throw new TypeError(`${owner} has no option "${key}"; it knows ${known.join(', ')}`);
};
