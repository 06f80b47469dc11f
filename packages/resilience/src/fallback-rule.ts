import { contextOf, type PolicyContext } from './context.ts';
import type { Emitter } from './events.ts';
import { GO, type Run, type Step, WAIT } from './run.ts';
import type { Rule } from './stage.ts';
import { Recorder } from './stats.ts';
import { systemClock } from './timers.ts';

type Answer = (error: unknown, context: PolicyContext) => unknown;

export class FallbackRule implements Rule {
  readonly emitter: Emitter;
  readonly recorder = new Recorder();
  readonly clock = systemClock;
  readonly #answer: unknown;
  readonly #handles: (error: unknown) => boolean;
  readonly #badResult: ((value: unknown) => boolean) | undefined;

  constructor(
    emitter: Emitter,
    answer: unknown,
    handles: (error: unknown) => boolean,
    badResult: ((value: unknown) => boolean) | undefined,
  ) {
    this.emitter = emitter;
    this.#answer = answer;
    this.#handles = handles;
    this.#badResult = badResult;
  }

  quick(): true {
    return true;
  }

  quickLeave(): boolean {
    return this.#badResult === undefined;
  }

  leave(run: Run, at: number): Step {
    const { emitter } = this;
    const badResult = this.#badResult;
    const { failed, value } = run;
    if (failed) {
      if (!emitter.ask('handle', () => this.#handles(value), false)) return GO;
    } else if (badResult === undefined || !emitter.ask('handle', () => badResult(value), false)) return GO;
    if (run.abandoned) return run.awaitAbort(at);
    const original = failed ? value : undefined;
    const answer = this.#answer;
    run.failed = false;
    if (typeof answer !== 'function') {
      run.value = answer;
      this.#announce(original, {});
      return GO;
    }
    run.keep(at, original);
    try {
      run.parkFor(at, (answer as Answer)(original, contextOf(run.scopeAt(at), run.attemptAt(at))));
      return WAIT;
    } catch (error) {
      return this.#failed(run, original, error);
    }
  }

  resume(run: Run, at: number): Step {
    const original = run.slots[at];
    if (run.wokenFailed) return this.#failed(run, original, run.woken);
    run.value = run.woken;
    this.#announce(original, {});
    return GO;
  }

  #failed(run: Run, original: unknown, error: unknown): Step {
    blame(error, original);
    this.#announce(original, { fallbackError: error });
    run.failed = true;
    run.value = error;
    return GO;
  }

  #announce(error: unknown, failed: { fallbackError?: unknown }): void {
    const { emitter } = this;
    if (emitter.wants('fallback')) emitter.emit('fallback', { policy: emitter.policy, error, ...failed });
  }
}

/** Makes the call's error the cause of the fallback's, where there is room for one. */
const blame = (error: unknown, original: unknown): void => {
  if (original === undefined || error === original) return;
  try {
    // By tag, because an error of another realm is no instance of this one's Error.
    if (Object.prototype.toString.call(error) !== '[object Error]' || !Object.isExtensible(error)) return;
    if ((error as Error).cause !== undefined) return;
    Object.defineProperty(error, 'cause', {
      value: original,
      writable: true,
      configurable: true,
      enumerable: false,
    });
  } catch {
    // An error that cannot be looked at is given as it is.
  }
};
