import { contextOf } from './context.ts';
import { detour, OUTWARDS } from './detour.ts';
import { capture, rejectMade } from './gate.ts';
import type { Program } from './program.ts';
import { type Fn, Run } from './run.ts';
import type { Stage } from './stage.ts';

/** What `quick` answers when the policy does not make the call. */
export class Refusal {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}

/** What `quick` answers when the call has to wait first. */
export abstract class Waiting {
  abstract readonly gate: Promise<unknown> | undefined;
  /** After the wait: what `quick` would have answered. */
  abstract answer(): unknown;
}

/** A call under one policy, which has entered by `quick` with this answer. */
export const quickly = (
  program: Program,
  kept: unknown,
  fn: Fn,
  self?: unknown,
  args?: readonly unknown[],
): Promise<unknown> => {
  if (kept !== true) {
    if (kept instanceof Refusal) return refused(program, kept);
    if (kept instanceof Waiting) return waited(program, kept, fn, self, args);
  }
  return entered(program, kept, fn, self, args);
};

const RESOLVED = Promise.resolve();

/**
 * Rejects in the next microtask: a promise that rejects before anybody has seen it is tracked as unhandled, which costs more than
 * the rejection. And not by a throw, for which the engine looks up where in the code it happened.
 */
const refused = (program: Program, { error }: Refusal): Promise<never> => {
  program.stages[0]!.recorder.rejections++;
  const refusal = new Promise<never>(capture as never);
  const reject = rejectMade;
  RESOLVED.then(() => reject(error));
  return refusal;
};

const { then } = Promise.prototype;

/** Callbacks rather than `await`: an async function is what such a call would pay most for. */
const entered = (
  program: Program,
  kept: unknown,
  fn: Fn,
  self: unknown,
  args: readonly unknown[] | undefined,
): Promise<unknown> => {
  const stage = program.stages[0]!;
  const start = stage.recorder.samples() ? stage.now() : undefined;
  let answer: Promise<unknown>;
  try {
    answer = Promise.resolve(call(stage, fn, self, args));
  } catch (error) {
    return unwell(program, fn, self, args, kept, start, true, error);
  }
  return then.call(
    answer,
    (value) =>
      succeeded(stage, kept, start) ? value : unwell(program, fn, self, args, kept, start, false, value),
    (error) => unwell(program, fn, self, args, kept, start, true, error),
  );
};

const waited = async (
  program: Program,
  waiting: Waiting,
  fn: Fn,
  self: unknown,
  args: readonly unknown[] | undefined,
): Promise<unknown> => {
  const stage = program.stages[0]!;
  const start = stage.recorder.samples() ? stage.now() : undefined;
  await waiting.gate;
  const kept = waiting.answer();
  if (kept instanceof Refusal) {
    stage.recorder.rejections++;
    throw kept.error;
  }
  let value: unknown;
  try {
    value = await call(stage, fn, self, args);
  } catch (error) {
    return unwell(program, fn, self, args, kept, start, true, error);
  }
  if (succeeded(stage, kept, start)) return value;
  return unwell(program, fn, self, args, kept, start, false, value);
};

const call = (stage: Stage, fn: Fn, self: unknown, args: readonly unknown[] | undefined): unknown =>
  args === undefined ? fn(contextOf(undefined, stage.rule.attemptOf && 1)) : Reflect.apply(fn, self, args);

const succeeded = (stage: Stage, kept: unknown, start: number | undefined): boolean => {
  const { recorder, rule } = stage;
  if (rule.quickLeave?.(kept) !== true) return false;
  recorder.successes++;
  if (start !== undefined) recorder.measure(stage.now() - start);
  return true;
};

/** A run is made only for a call that does not succeed plainly. */
const unwell = (
  program: Program,
  fn: Fn,
  self: unknown,
  args: readonly unknown[] | undefined,
  kept: unknown,
  start: number | undefined,
  failed: boolean,
  value: unknown,
): Promise<unknown> => {
  const run = new Run(program, fn, undefined, undefined, undefined, self, args);
  if (kept !== true) run.keep(0, kept);
  if (start !== undefined) run.startAt(0, start);
  run.failed = failed;
  run.value = value;
  return detour(run, 0, OUTWARDS);
};
