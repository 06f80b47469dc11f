import { AsyncResource } from 'node:async_hooks';
import { AGAIN, capture, GO, type Run, resolveMade, STRUCK, type Step, WAIT } from './run.ts';
import type { Scope } from './scope.ts';

const { then } = Promise.prototype;
const CALLER = { requireManualDestroy: true };

/**
 * Takes a run through its program. Most runs pass without a detour, on callbacks rather than `await`: an async function is what they
 * would pay most for. `detour` takes over from wherever one does not.
 */
export const drive = (run: Run): Promise<unknown> => {
  const { stages, limits } = run.program;
  const { length } = stages;
  const scope = run.given;
  if (scope?.canAbort === true) return heeding(run, scope);
  let at = 0;
  try {
    for (; at < length; at++) {
      const stage = stages[at]!;
      if (stage.enter(run, at) !== GO) return detour(run, at, ENTERED);
    }
  } catch (error) {
    return detour(run, run.refused(at, error), OUTWARDS);
  }
  let answer: Promise<unknown>;
  try {
    answer = Promise.resolve(run.call());
  } catch (error) {
    return failed(run, error);
  }
  if (limits.length === 0)
    return then.call(
      answer,
      (value) => succeeded(run, value),
      (error) => failed(run, error),
    );
  const outcome = new Promise<unknown>(capture);
  const resolve = resolveMade;
  // Should a limit strike, all that follows happens in the async context of this caller.
  run.until(answer, new AsyncResource('Agent4Call', CALLER), () =>
    resolve(detour(run, run.called(), OUTWARDS)),
  );
  then.call(
    answer,
    (value) => {
      if (run.answered()) resolve(succeeded(run, value));
    },
    (error) => {
      if (run.answered()) resolve(failed(run, error));
    },
  );
  return outcome;
};

const heeding = async (run: Run, scope: Scope): Promise<unknown> => {
  if (scope.aborted) {
    // Nothing is called.
    run.program.stages[0]?.skip(run, 0, scope.reason);
    throw scope.reason;
  }
  run.listen();
  return detour(run, 0, INWARDS);
};

const succeeded = (run: Run, value: unknown): unknown => {
  const { stages } = run.program;
  run.value = value;
  run.waited();
  let at = stages.length - 1;
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
  return run.value;
};

const failed = (run: Run, error: unknown): Promise<unknown> => {
  run.failed = true;
  run.value = error;
  return detour(run, run.called(), OUTWARDS);
};

/** Where `detour` takes over: on the way in, after a stage answered `WAIT`, on the way out, after one answered there. */
const INWARDS = 0;
const ENTERED = 1;
export const OUTWARDS = 2;
const LEFT_WAITING = 3;
const LEFT_AGAIN = 4;

export const detour = async (run: Run, from: number, phase: number): Promise<unknown> => {
  const { stages } = run.program;
  const { length } = stages;
  let at = from;
  let inwards = phase === INWARDS || phase === ENTERED;
  // What the stage at this place has answered already.
  let answered: Step = phase === ENTERED || phase === LEFT_WAITING ? WAIT : phase === LEFT_AGAIN ? AGAIN : GO;
  for (;;) {
    if (inwards && at < length) {
      const stage = stages[at]!;
      try {
        if (answered === GO) {
          answered = stage.enter(run, at);
        }
        if (answered === WAIT) {
          run.woken = await run.gate;
          // A run that was given what it waited for and is cut off has to give it back: `drop` knows.
          if (!run.struckOutside(at)) {
            run.waited();
            stage.rule.resume?.(run, at);
          }
        }
        if (run.struckOutside(at)) {
          at = run.strikeOut(at);
          inwards = false;
        } else at++;
      } catch (error) {
        at = run.refused(at, error);
        inwards = false;
      }
      answered = GO;
    } else if (inwards) {
      inwards = false;
      try {
        const answer = run.call();
        const waits = (typeof answer === 'object' && answer !== null) || typeof answer === 'function';
        run.failed = false;
        run.value = !waits ? answer : run.gated ? await run.race(answer) : await answer;
        // Cut off before the answer was there.
        if (!waits && run.struckOutside(length)) run.value = STRUCK;
      } catch (error) {
        run.failed = true;
        run.value = error;
      }
      at = run.called();
    } else {
      if (at < 0) break;
      const stage = stages[at]!;
      try {
        if (answered === GO) answered = stage.leave(run, at);
        if (answered === WAIT && !run.struckOutside(at)) {
          try {
            run.woken = await run.gate;
            run.wokenFailed = false;
          } catch (error) {
            run.woken = error;
            run.wokenFailed = true;
          }
          if (!run.struckOutside(at)) {
            run.waited();
            answered = stage.rule.resume?.(run, at) ?? GO;
          }
        }
      } catch (error) {
        run.failed = true;
        run.value = error;
        answered = GO;
      }
      if (answered !== GO && run.struckOutside(at)) at = run.strikeOut(at);
      else if (answered === AGAIN) {
        run.again(at);
        at++;
        inwards = true;
      } else {
        stage.record(run, at);
        run.passed(at);
        at--;
      }
      answered = GO;
    }
  }
  run.unlisten();
  if (run.failed) throw run.value;
  return run.value;
};
