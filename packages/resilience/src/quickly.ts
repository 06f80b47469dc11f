import { contextOf } from './context.ts';
import { isUnderDeadline } from './deadline-context.ts';
import { detour, INWARDS, OUTWARDS } from './detour.ts';
import { anyOutcomeIsHeard, outcomesAreHeard } from './events.ts';
import { capture, INNERMOST, rejectMade, resolveMade, STRUCK } from './gate.ts';
import { outwards, promised, rejected } from './outwards.ts';
import type { Program } from './program.ts';
import { QuickCall, Waiting } from './quick-call.ts';
import type { Fn } from './run.ts';
import type { CancellationSource } from './scope.ts';

/** Whether a call that nobody can abort may go through the program quickly just now. */
export const isQuick = (program: Program): boolean =>
  program.quick !== undefined && !isHeard(program) && !isUnderDeadline();

/** Whether somebody wants to know how long a part of it takes. Of the whole it is known. */
const isHeard = ({ stages }: Program): boolean => {
  if (!anyOutcomeIsHeard()) return false;
  if (outcomesAreHeard()) return true;
  for (let at = 1; at < stages.length; at++) if (stages[at]!.emitter.hearsOutcome) return true;
  return false;
};

/**
 * Takes a call through a program for which {@link isQuick} holds, without a run as long as it goes well.
 *
 * Each place is written out, and by `rules[1]` rather than a variable, for which the engine would keep one record for all places: so
 * it sees at each the one or two kinds of rules that stand there, and puts their code in. A loop calls them, for a quarter more time.
 */
export const quickly = (
  program: Program,
  fn: Fn,
  self: unknown,
  args: readonly unknown[] | undefined,
): Promise<unknown> => {
  const call = new QuickCall(program, fn, self, args);
  const rules = program.quick!;
  const { length } = rules;
  let at = 0;
  try {
    rules[0]!.recorder.calls++;
    if (!call.keeps(0, rules[0]!.quick(call, 0))) return stopped(call, 0);
    begin(call);
    if (length > 1) {
      at = 1;
      rules[1]!.recorder.calls++;
      if (!call.keeps(1, rules[1]!.quick(call, 1))) return stopped(call, 1);
    }
    if (length > 2) {
      at = 2;
      rules[2]!.recorder.calls++;
      if (!call.keeps(2, rules[2]!.quick(call, 2))) return stopped(call, 2);
    }
    if (length > 3) {
      at = 3;
      rules[3]!.recorder.calls++;
      if (!call.keeps(3, rules[3]!.quick(call, 3))) return stopped(call, 3);
    }
    if (length > 4) {
      at = 4;
      rules[4]!.recorder.calls++;
      if (!call.keeps(4, rules[4]!.quick(call, 4))) return stopped(call, 4);
    }
    for (at = 5; at < length; at++) {
      rules[at]!.recorder.calls++;
      if (!call.keeps(at, rules[at]!.quick(call, at))) return stopped(call, at);
    }
  } catch (error) {
    if (at === 0) begin(call);
    return threw(call, at, error, false);
  }
  return call.struckAt === INNERMOST ? entered(call) : detour(call.handOver(), length, INWARDS);
};

/** Reads the clock, where the call is one of those measured. */
export const begin = (call: QuickCall): void => {
  const outermost = call.program.stages[0]!;
  if (outermost.emitter.hearsOutcome || outermost.recorder.samples()) call.start = outermost.now();
};

/** A clock of a user's threw where the call entered this place or left it: the stages further out have still to be left. */
export const threw = (call: QuickCall, at: number, error: unknown, called: boolean): Promise<unknown> => {
  const run = called ? call.handOverCalled() : call.handOver();
  return detour(run, run.refused(at, error), OUTWARDS);
};

/** The stage at this place does not let the call through at once, or takes a run. */
export const stopped = (call: QuickCall, at: number): Promise<unknown> => {
  const { stop } = call;
  const stage = call.program.stages[at]!;
  if (stop === undefined) {
    // The run enters here once more, and is counted then.
    stage.recorder.calls--;
    return detour(call.handOver(), at, INWARDS);
  }
  if (stop instanceof Waiting) {
    begin(call);
    return waited(call, stop);
  }
  if (at === 0) {
    stage.recorder.rejections++;
    return rejected(stop.error);
  }
  const run = call.handOver();
  const from = run.refused(at, stop.error);
  return call.struckAt === INNERMOST ? promised(outwards(run, from)) : detour(run, from, OUTWARDS);
};

/** A policy on its own, whose call has to wait first. */
const waited = async (call: QuickCall, waiting: Waiting): Promise<unknown> => {
  await waiting.gate;
  const refusal = waiting.answer();
  if (refusal !== undefined) {
    call.program.stages[0]!.recorder.rejections++;
    throw refusal.error;
  }
  call.slots[0] = true;
  let value: unknown;
  try {
    value = await answerOf(call);
  } catch (error) {
    return failed(call, error);
  }
  return left(call, value);
};

const { then } = Promise.prototype;

/** All stages are entered: makes the call. Callbacks rather than `await`, for an async function is what it would pay most for. */
const entered = (call: QuickCall): Promise<unknown> => {
  let answer: Promise<unknown>;
  try {
    answer = Promise.resolve(answerOf(call));
  } catch (error) {
    return promised(failed(call, error));
  }
  if (call.program.limits.length > 0) {
    // Should a limit strike, what follows happens in the async context of this caller.
    const gate = new Promise<unknown>(capture);
    call.pending = answer;
    call.wake = resolveMade;
    then.call(answer, resolveMade, rejectMade);
    // Struck already, while the function was called.
    if (call.struckAt !== INNERMOST) call.wake(STRUCK);
    answer = gate;
  }
  return then.call(
    answer,
    (value) => left(call, value),
    (error) => failed(call, error),
  );
};

const answerOf = (call: QuickCall): unknown => {
  const { fn, args, program } = call;
  if (args !== undefined) return Reflect.apply(fn, call.self, args);
  return fn(contextOf(limitOf(call), program.counters.length > 0 ? 1 : undefined));
};

/** The innermost limit, which may abort the call. */
const limitOf = ({ program, slots }: QuickCall): CancellationSource | undefined => {
  const { limits } = program;
  for (let each = 0; each < limits.length; each++) {
    const limit = slots[limits[each]!];
    if (limit !== true) return limit as CancellationSource;
  }
  return undefined;
};

/** The function has answered, or a limit struck before: leaves the stages, the innermost first. */
const left = (call: QuickCall, value: unknown): unknown => {
  const { program, start } = call;
  if (call.struckAt !== INNERMOST) {
    const run = call.handOverCalled();
    run.value = value;
    return outwards(run, run.called());
  }
  const rules = program.quick!;
  const { length } = rules;
  let at = length - 1;
  try {
    for (; at > 4; at--) {
      if (!rules[at]!.quickLeave(call, at)) return unwell(call, at, value);
      rules[at]!.recorder.successes++;
    }
    if (length > 4) {
      if (!rules[4]!.quickLeave(call, 4)) return unwell(call, 4, value);
      rules[4]!.recorder.successes++;
    }
    if (length > 3) {
      at = 3;
      if (!rules[3]!.quickLeave(call, 3)) return unwell(call, 3, value);
      rules[3]!.recorder.successes++;
    }
    if (length > 2) {
      at = 2;
      if (!rules[2]!.quickLeave(call, 2)) return unwell(call, 2, value);
      rules[2]!.recorder.successes++;
    }
    if (length > 1) {
      at = 1;
      if (!rules[1]!.quickLeave(call, 1)) return unwell(call, 1, value);
      rules[1]!.recorder.successes++;
    }
    at = 0;
    if (!rules[0]!.quickLeave(call, 0)) return unwell(call, 0, value);
    rules[0]!.recorder.successes++;
  } catch (error) {
    return threw(call, at, error, true);
  }
  if (start !== undefined) program.stages[0]!.tellSuccess(start);
  return value;
};

/** The result is not a success to the stage at this place. */
export const unwell = (call: QuickCall, at: number, value: unknown): unknown => {
  const run = call.handOverCalled();
  run.value = value;
  return outwards(run, at);
};

/** The function threw or rejected. */
export const failed = (call: QuickCall, error: unknown): unknown => {
  const run = call.handOverCalled();
  run.failed = true;
  run.value = error;
  return outwards(run, run.called());
};
