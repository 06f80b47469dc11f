import type { IBackoffFactory, IDefaultPolicyContext } from './cockatiel.ts';
import { duration, oneOf, optionalFunction, show } from './validate.ts';

/** What a backoff may look at: which wait this is (1 for the first), and what made it necessary. */
export interface BackoffContext extends IDefaultPolicyContext {
  attempt: number;
  result: { error: unknown } | { value: unknown };
}

export type BackoffShape = 'constant' | 'linear' | 'exponential';

/** A list's last entry holds for all later waits; a function answers milliseconds; or a backoff of cockatiel. */
export type CustomBackoff =
  | readonly number[]
  | ((context: BackoffContext) => number)
  | IBackoffFactory<BackoffContext>;

/**
 * How waits are spread. `full`: between 0 and the wait. `equal`: between half of it and the whole. `decorrelated` (AWS): between
 * `initialDelayMs` and three times the wait before. `polly-v2`: the smooth growth of Polly 8, of which half are shorter than
 * `initialDelayMs` at first; the last two take the place of the growth that `backoff` and `factor` describe.
 */
export type Jitter = 'none' | 'full' | 'equal' | 'decorrelated' | 'polly-v2';

/** The waits of one call, one after the other: milliseconds, never negative, never NaN. */
export type Delays = (context: BackoffContext) => number;

// Far beyond any wait, far below where sums of milliseconds lose a digit.
const CEILING = 2 ** 52;

const usable = (ms: unknown): number => (typeof ms === 'number' && ms > 0 ? Math.min(ms, CEILING) : 0);

/**
 * Validates once; each call of the answer starts a fresh series.
 * @param zero Whether a list may hold 0.
 */
export const customDelays = (option: string, custom: CustomBackoff, zero = true): (() => Delays) => {
  if (Array.isArray(custom)) {
    const list = [...(custom as readonly number[])];
    if (list.length === 0) throw new RangeError(`${option} must be a list with at least one delay, got []`);
    list.forEach((ms, at) => {
      duration(`${option}[${at}]`, ms, { zero, infinite: false });
    });
    return () => (context) => list[Math.min(context.attempt, list.length) - 1]!;
  }
  if (typeof custom === 'function') return () => (context) => usable(custom(context));
  const factory = custom as IBackoffFactory<BackoffContext>;
  if (typeof factory?.next !== 'function')
    throw new TypeError(
      `${option} must be a word, a list, a function or a backoff of cockatiel, got ${show(custom)}`,
    );
  return () => {
    let current: { duration: number; next: IBackoffFactory<BackoffContext>['next'] } | undefined;
    return (context) => {
      current = (current ?? factory).next(context);
      return usable(current.duration);
    };
  };
};

export interface BackoffOptions {
  initialDelayMs: number;
  maxDelayMs: number;
  backoff: BackoffShape | CustomBackoff;
  factor: number;
  jitter: Jitter | undefined;
  random: () => number;
}

/** The series of waits of a retry: shape, jitter, cap. Undefined where there are no waits at all. */
export const delaysOf = (options: BackoffOptions): (() => Delays) | undefined => {
  const { backoff, factor, random } = options;
  const initial = duration('initialDelayMs', options.initialDelayMs, { zero: true, infinite: false });
  const cap = Math.min(duration('maxDelayMs', options.maxDelayMs, { zero: true, infinite: true }), CEILING);
  if (!(Number.isFinite(factor) && factor >= 1))
    throw new RangeError(`factor must be a number >= 1, got ${show(factor)}`);
  optionalFunction('random', random);
  const shaped = typeof backoff === 'string';
  // A hand-made series is taken at its word; a computed one is spread out, or callers that failed together return together.
  const jitter = oneOf('jitter', options.jitter ?? (shaped ? 'full' : 'none'), JITTERS);
  const series: () => Delays = shaped
    ? computed(oneOf('backoff', backoff, SHAPES), initial, factor)
    : customDelays('backoff', backoff);
  if (jitter === 'polly-v2' && backoff !== 'exponential')
    throw new TypeError(
      `jitter polly-v2 has a growth of its own and takes backoff "exponential" alone, got ${show(backoff)}`,
    );
  if (shaped && initial === 0) return undefined;
  if (jitter === 'polly-v2') return pollyV2(initial, cap, random);
  return () => {
    const next = series();
    let previous = initial;
    return (context) => {
      const base = Math.min(cap, next(context));
      if (jitter === 'none') return base;
      if (jitter === 'full') return random() * base;
      // Halving the smallest numbers rounds up, so cap after jitter as well.
      if (jitter === 'equal') return Math.min(base, base / 2 + (random() * base) / 2);
      previous = Math.min(cap, initial + random() * Math.max(0, 3 * previous - initial));
      return previous;
    };
  };
};

const SHAPES = ['constant', 'linear', 'exponential'] as const;
const JITTERS = ['none', 'full', 'equal', 'decorrelated', 'polly-v2'] as const;

const computed = (shape: BackoffShape, initial: number, factor: number): (() => Delays) => {
  if (shape === 'constant') return () => () => initial;
  if (shape === 'linear') return () => (context) => initial * context.attempt;
  return () => (context) => Math.min(CEILING, initial * factor ** (context.attempt - 1));
};

/** Polly's DecorrelatedJitterBackoffV2: the differences of a curve that is walked in steps of about 1. */
const pollyV2 = (initial: number, cap: number, random: () => number) => (): Delays => {
  let previous = 0;
  return ({ attempt }) => {
    const t = attempt - 1 + random();
    // From here on the difference of two curve points would be of the cap's size or lose all digits.
    if (t > 40) return cap;
    const reached = 2 ** t * Math.tanh(Math.sqrt(4 * t));
    const delay = ((reached - previous) * initial) / 1.4;
    previous = reached;
    return Math.min(cap, Math.max(0, delay));
  };
};
