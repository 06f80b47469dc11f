import type { Clock, Timers, TimeSource } from './timers.ts';
import { systemClock, systemTimers } from './timers.ts';

/** A value for an error message. Asks nothing of objects: one without a prototype has no text, and a proxy may throw. */
export const show = (value: unknown): string => {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object' || value === null) return String(value);
  try {
    return Array.isArray(value) ? 'an array' : 'an object';
  } catch {
    return 'an object';
  }
};

export const integer = (option: string, value: number, least: number, infinite = false): number => {
  if ((Number.isSafeInteger(value) && value >= least) || (infinite && value === Number.POSITIVE_INFINITY))
    return value;
  const or = infinite ? ' or Infinity' : '';
  throw new RangeError(`${option} must be an integer >= ${least}${or}, got ${show(value)}`);
};

/** A duration in milliseconds, fractions allowed. */
export const duration = (
  option: string,
  value: number,
  rule: { zero: boolean; infinite: boolean },
): number => {
  const fits = typeof value === 'number' && (rule.zero ? value >= 0 : value > 0);
  if (fits && (rule.infinite || value !== Number.POSITIVE_INFINITY)) return value;
  const or = rule.infinite ? ' or Infinity' : '';
  throw new RangeError(
    `${option} must be a number of milliseconds ${rule.zero ? '>=' : '>'} 0${or}, got ${show(value)}`,
  );
};

/** The options of a queue, with their defaults. */
export const queueOptions = (options: {
  maxQueue?: number | undefined;
  queueTimeoutMs?: number | undefined;
}): { maxQueue: number; queueTimeoutMs: number } => ({
  maxQueue: integer('maxQueue', options.maxQueue ?? 0, 0, true),
  queueTimeoutMs: duration('queueTimeoutMs', options.queueTimeoutMs ?? Number.POSITIVE_INFINITY, {
    zero: false,
    infinite: true,
  }),
});

/** A share of a whole: more than 0 and at most 1. */
export const share = (option: string, value: number): number => {
  if (typeof value === 'number' && value > 0 && value <= 1) return value;
  throw new RangeError(`${option} must be more than 0 and at most 1, got ${show(value)}`);
};

export const oneOf = <T extends string>(option: string, value: T, words: readonly T[]): T => {
  if (words.includes(value)) return value;
  throw new TypeError(`${option} must be one of ${words.join(', ')}, got ${show(value)}`);
};

export const optionalFunction = <F>(option: string, value: F): F => {
  if (value === undefined || typeof value === 'function') return value;
  throw new TypeError(`${option} must be a function, got ${show(value)}`);
};

export const nameOf = (value: string | undefined, otherwise: string): string => {
  if (value === undefined) return otherwise;
  if (typeof value === 'string' && value.length > 0) return value;
  throw new TypeError(`name must be a string that is not empty, got ${show(value)}`);
};

export const flag = (option: string, value: boolean | undefined): boolean | undefined => {
  if (value === undefined || typeof value === 'boolean') return value;
  throw new TypeError(`${option} must be true or false, got ${show(value)}`);
};

/** The options of a policy that also takes its limit alone. */
export const msOptions = <O extends { ms: number }>(owner: string, given: number | O): O => {
  if (typeof given === 'number') return { ms: given } as O;
  if (typeof given === 'object' && given !== null) return given;
  throw new TypeError(`${owner} takes a number of milliseconds or options, got ${show(given)}`);
};

/** Whether a value may hold options: a record or an object of a user's class, and nothing that is something else (a list, a Date). */
export const holdsOptions = (value: unknown): value is object => {
  if (typeof value !== 'object' || value === null || Symbol.iterator in value) return false;
  return ['[object Object]', '[object Module]'].includes(Object.prototype.toString.call(value));
};

/**
 * Refuses what holds no options, a misspelt one, which would otherwise quietly switch the protection off, and null:
 * only what is undefined has its default.
 */
export const onlyKnown = (owner: string, options: object, known: readonly string[]): void => {
  if (!holdsOptions(options)) throw new TypeError(`${owner} options must be an object, got ${show(options)}`);
  for (const [key, value] of Object.entries(options)) {
    if (value === null) throw new TypeError(`${key} must be a value or undefined, got null`);
  }
  for (const key of Object.keys(options)) {
    if (!known.includes(key))
      throw new TypeError(`${owner} has no option "${key}"; it knows ${known.join(', ')}`);
  }
};

/** `options` with what `changes` gives; an undefined one changes nothing. */
export const changed = <O extends object>(options: O, changes: Partial<O>): O => ({
  ...options,
  ...Object.fromEntries(Object.entries(changes).filter(([, change]) => change !== undefined)),
});

export const timeSource = (options: TimeSource): { clock: Clock; timers: Timers } => {
  optionalFunction('clock', options.clock);
  const { timers } = options;
  if (
    timers !== undefined &&
    (typeof timers?.setTimeout !== 'function' || typeof timers.clearTimeout !== 'function')
  )
    throw new TypeError(`timers must have setTimeout and clearTimeout, got ${show(timers)}`);
  return { clock: options.clock ?? systemClock, timers: timers ?? systemTimers };
};
