import { after, type TimeSource } from './timers.ts';
import { duration, flag, oneOf, onlyKnown, show, timeSource } from './validate.ts';

/** What one call of a scripted function does. */
export type Step<T> =
  | { readonly kind: 'ok'; readonly value: T }
  | { readonly kind: 'fail'; readonly error: unknown }
  | { readonly kind: 'hang'; readonly deaf: boolean }
  | { readonly kind: 'slow'; readonly ms: number; readonly next: Step<T>; readonly deaf: boolean };

interface Deafness {
  /** Goes on although its signal aborts, as much code does. Default false: it rejects with the signal's reason. */
  deaf?: boolean | undefined;
}

/** The call answers `value`. */
export const ok = <T>(value: T): Step<T> => ({ kind: 'ok', value });

/** The call rejects with `error`, whatever that is. */
export const fail = (error: unknown): Step<never> => ({ kind: 'fail', error });

/** The call never answers; it rejects when its signal aborts, unless it is deaf. */
export const hang = (options: Deafness = {}): Step<never> => {
  onlyKnown('hang', options, ['deaf']);
  return { kind: 'hang', deaf: flag('deaf', options.deaf) ?? false };
};

/** The call takes `ms`, then does what `next` says. */
export const slow = <T>(ms: number, next: Step<T>, options: Deafness = {}): Step<T> => {
  onlyKnown('slow', options, ['deaf']);
  duration('ms', ms, { zero: true, infinite: false });
  return { kind: 'slow', ms, next: stepOf(next, 'next'), deaf: flag('deaf', options.deaf) ?? false };
};

/** One call of a scripted function. */
export interface ScriptedCall {
  /** What it was called with: the context under `execute`, the caller's own arguments under a wrapper. */
  readonly args: readonly unknown[];
  /** Of the context; undefined under a wrapper. */
  readonly attempt: number | undefined;
  /** By the clock. */
  readonly startedAt: number;
  /** By the clock; undefined while the call hangs. */
  endedAt: number | undefined;
  outcome: 'pending' | 'ok' | 'failed' | 'aborted';
}

/** A function that does what its script says, and remembers how it was called. */
export interface Scripted<T> {
  (...args: unknown[]): Promise<T>;
  readonly calls: readonly ScriptedCall[];
  /** Steps that have not been played. */
  readonly left: number;
}

export interface ScriptOptions extends TimeSource {
  /** What a call beyond the last step does: `throw` (default) rejects with an error that says so; `repeat` plays the last step again. */
  atEnd?: 'throw' | 'repeat' | undefined;
}

/**
 * A function to hand to a policy: its first call does the first step, and so on.
 * @param options.clock, options.timers Of a `VirtualClock` for instance; `slow` waits by them.
 * @throws TypeError here for something that is no step.
 */
export function script<T>(steps: readonly Step<T>[], options: ScriptOptions = {}): Scripted<T> {
  if (!Array.isArray(steps) || steps.length === 0)
    throw new TypeError(`script needs a list with at least one step, got ${show(steps)}`);
  for (const [at, step] of steps.entries()) stepOf(step, `step ${at + 1}`);
  onlyKnown('script', options, ['atEnd', 'clock', 'timers']);
  const atEnd = oneOf('atEnd', options.atEnd ?? 'throw', ['throw', 'repeat']);
  const { clock, timers } = timeSource(options);
  const played = [...(steps as readonly Step<T>[])];
  const calls: ScriptedCall[] = [];

  const wait = (ms: number, signal: AbortSignal | undefined, call: ScriptedCall): Promise<void> =>
    new Promise((resolve, reject) => {
      const aborted = (): void => {
        stop();
        call.outcome = 'aborted';
        reject(signal?.reason);
      };
      const stop = after(timers, ms, () => {
        signal?.removeEventListener('abort', aborted);
        resolve();
      });
      if (signal?.aborted) aborted();
      else signal?.addEventListener('abort', aborted, { once: true });
    });
  const play = async (step: Step<T>, call: ScriptedCall): Promise<T> => {
    switch (step.kind) {
      case 'ok':
        call.outcome = 'ok';
        return step.value;
      case 'fail':
        call.outcome = 'failed';
        throw step.error;
      case 'hang':
        await wait(Number.POSITIVE_INFINITY, step.deaf ? undefined : signalOf(call), call);
        throw new Error('a hanging call does not end');
      case 'slow':
        await wait(step.ms, step.deaf ? undefined : signalOf(call), call);
        return play(step.next, call);
    }
  };
  const fn = async (...args: unknown[]): Promise<T> => {
    const { attempt } = (args[0] ?? {}) as { attempt?: unknown };
    const call: ScriptedCall = {
      args,
      attempt: typeof attempt === 'number' ? attempt : undefined,
      startedAt: clock(),
      endedAt: undefined,
      outcome: 'pending',
    };
    calls.push(call);
    const step = played[calls.length - 1] ?? (atEnd === 'repeat' ? played.at(-1) : undefined);
    try {
      if (step === undefined)
        throw new Error(`the script has ${played.length} steps, and this is call ${calls.length}`);
      return await play(step, call);
    } catch (error) {
      if (call.outcome === 'pending') call.outcome = 'failed';
      throw error;
    } finally {
      call.endedAt = clock();
    }
  };
  return Object.defineProperties(fn, {
    calls: { value: calls },
    left: { get: () => Math.max(0, played.length - calls.length) },
  }) as Scripted<T>;
}

const KINDS: ReadonlySet<unknown> = new Set(['ok', 'fail', 'hang', 'slow']);

const stepOf = <T>(step: Step<T>, where: string): Step<T> => {
  if (KINDS.has((step as Step<T> | null | undefined)?.kind)) return step;
  throw new TypeError(`${where} must be made by ok, fail, hang or slow, got ${show(step)}`);
};

/** Read only by a step that heeds it: a policy makes the signal when it is first read. */
const signalOf = ({ args }: ScriptedCall): AbortSignal | undefined => {
  const { signal } = (args[0] ?? {}) as { signal?: AbortSignal };
  // By its shape: a browser-like test environment has an AbortSignal of its own.
  return typeof signal?.addEventListener === 'function' && 'aborted' in signal ? signal : undefined;
};
