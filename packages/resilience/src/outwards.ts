import { detour, LEFT_AGAIN, LEFT_WAITING, OUTWARDS } from './detour.ts';
import { capture, rejectMade } from './gate.ts';
import { GO, type Run, WAIT } from './run.ts';

const RESOLVED = Promise.resolve();

/**
 * Rejects in the next microtask: a promise that rejects before anybody has seen it is tracked as unhandled, which costs more than
 * the rejection. And not by a throw, for which the engine looks up where in the code it happened.
 */
export const rejected = (error: unknown): Promise<never> => {
  const rejection = new Promise<never>(capture as never);
  const reject = rejectMade;
  RESOLVED.then(() => reject(error));
  return rejection;
};

/** What a callback of `then` answers to reject: cheaper than a throw, for the same reason. */
class Rejection {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }

  // biome-ignore lint/suspicious/noThenProperty: it is there to be adopted by a promise.
  then(_resolve: unknown, reject: (error: unknown) => void): void {
    reject(this.error);
  }
}

/** Takes a run that stands in front of this place outwards, and answers what a callback of `then` is to answer. */
export const outwards = (run: Run, from: number): unknown => {
  const { stages } = run.program;
  let at = from;
  try {
    for (; at >= 0; at--) {
      const stage = stages[at]!;
      const step = stage.leave(run, at);
      if (step !== GO) return detour(run, at, step === WAIT ? LEFT_WAITING : LEFT_AGAIN);
      stage.record(run, at);
      run.passed(at);
    }
  } catch (error) {
    // A clock of a user's threw: the stages further out have still to be left.
    return detour(run, run.refused(at, error), OUTWARDS);
  }
  return run.failed ? new Rejection(run.value) : run.value;
};

/** What {@link outwards} answers, as a promise. */
export const promised = (answer: unknown): Promise<unknown> =>
  answer instanceof Rejection ? rejected(answer.error) : Promise.resolve(answer);
