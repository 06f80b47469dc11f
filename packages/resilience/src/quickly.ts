import { contextOf, LightContext } from './context.ts';
import { detour, OUTWARDS } from './drive.ts';
import type { Program } from './program.ts';
import { capture, type Fn, Run, resolveMade } from './run.ts';
import { Scope } from './scope.ts';
import type { Stage } from './stage.ts';

/** What `quick` answers when the policy does not make the call. */
export class Refusal {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}

/** What `quick` answers when the call has to wait first. */
export class Waiting {
  readonly gate = new Promise<unknown>(capture);
  readonly wake = resolveMade;
  /** After the wait: what `quick` would have answered. */
  readonly answer: () => unknown;

  constructor(answer: () => unknown) {
    this.answer = answer;
  }
}

/** A call under one policy, which has entered by `quick` with this answer. */
export const quickly = (
  program: Program,
  kept: unknown,
  fn: Fn,
  self?: unknown,
  args?: readonly unknown[],
): Promise<unknown> => {
  if (kept instanceof Waiting) return waited(program, kept, fn, self, args);
  if (kept instanceof Refusal) return refused(program, kept);
  return entered(program, kept, fn, self, args);
};

const waited = async (
  program: Program,
  waiting: Waiting,
  fn: Fn,
  self: unknown,
  args: readonly unknown[] | undefined,
): Promise<unknown> => {
  await waiting.gate;
  const kept = waiting.answer();
  const stage = program.stages[0]!;
  if (kept instanceof Refusal) {
    stage.recorder.rejections++;
    throw kept.error;
  }
  const start = stage.recorder.samples() ? stage.now() : undefined;
  let failed = false;
  let value: unknown;
  try {
    value = await plainCall(stage, fn, self, args);
  } catch (error) {
    failed = true;
    value = error;
  }
  if (succeeded(stage, kept, start, failed)) return value;
  return unwell(
    new Run(program, fn, undefined, undefined, undefined, self, args),
    kept,
    start,
    failed,
    value,
  );
};

const refused = async (program: Program, refusal: Refusal): Promise<never> => {
  program.stages[0]!.recorder.rejections++;
  // A promise that rejects before anybody has seen it is tracked as unhandled, which costs more than the rejection.
  await undefined;
  throw refusal.error;
};

const entered = async (
  program: Program,
  kept: unknown,
  fn: Fn,
  self: unknown,
  args: readonly unknown[] | undefined,
): Promise<unknown> => {
  const stage = program.stages[0]!;
  const start = stage.recorder.samples() ? stage.now() : undefined;
  let failed = false;
  let value: unknown;
  try {
    value = await plainCall(stage, fn, self, args);
  } catch (error) {
    failed = true;
    value = error;
  }
  if (succeeded(stage, kept, start, failed)) return value;
  return unwell(
    new Run(program, fn, undefined, undefined, undefined, self, args),
    kept,
    start,
    failed,
    value,
  );
};

const plainCall = (stage: Stage, fn: Fn, self: unknown, args: readonly unknown[] | undefined): unknown => {
  if (args !== undefined) return Reflect.apply(fn, self, args);
  if (fn.length === 0) return fn(new LightContext(undefined, 1));
  return fn(contextOf(Scope.from(undefined), stage.rule.attemptOf === undefined ? undefined : 1));
};

const succeeded = (stage: Stage, kept: unknown, start: number | undefined, failed: boolean): boolean => {
  if (failed || stage.rule.quickLeave?.(kept) !== true) return false;
  const { recorder } = stage;
  recorder.successes++;
  if (start !== undefined) recorder.measure(stage.now() - start);
  return true;
};

/** A run is made only for a call that does not succeed plainly. */
const unwell = (
  run: Run,
  kept: unknown,
  start: number | undefined,
  failed: boolean,
  value: unknown,
): Promise<unknown> => {
  if (kept !== true) run.keep(0, kept);
  if (start !== undefined) run.startAt(0, start);
  run.failed = failed;
  run.value = value;
  return detour(run, 0, OUTWARDS);
};
