import { detour, ENTERED, INWARDS, OUTWARDS } from './detour.ts';
import { STRUCK } from './gate.ts';
import { outwards, promised } from './outwards.ts';
import { GO, type Run } from './run.ts';
import type { Scope } from './scope.ts';

const { then } = Promise.prototype;

/**
 * Takes a run through its program: for calls that can be aborted, have a deadline, are listened to or pass a layer; all others begin by
 * `quickly`. Most runs pass without a detour, on callbacks rather than `await`: an async function is what they would pay most for.
 * `detour` takes over from wherever one does not.
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
  // A limit struck already: the call is not made.
  if (run.struckOutside(length)) return detour(run, length, INWARDS);
  let answer: Promise<unknown>;
  try {
    answer = Promise.resolve(run.call());
  } catch (error) {
    return promised(failed(run, error));
  }
  if (limits.length === 0)
    return then.call(
      answer,
      (value) => succeeded(run, value),
      (error) => failed(run, error),
    );
  // Should a limit strike, all that follows happens in the async context of this caller.
  return then.call(
    run.race(answer),
    (value) => (value === STRUCK ? cutOff(run) : succeeded(run, value)),
    (error) => failed(run, error),
  );
};

/** Goes on outwards from where a limit struck. */
const cutOff = (run: Run): unknown => {
  run.value = STRUCK;
  return outwards(run, run.called());
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
  run.value = value;
  run.waited();
  return outwards(run, run.program.stages.length - 1);
};

const failed = (run: Run, error: unknown): unknown => {
  run.failed = true;
  run.value = error;
  return outwards(run, run.called());
};
