import { contextOf, LightContext } from './context.ts';
import { detour, OUTWARDS } from './drive.ts';
import type { Program } from './program.ts';
import { type Fn, Run } from './run.ts';
import { Scope } from './scope.ts';

/** What `quick` answers when the policy does not make the call. */
export class Refusal {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}

/** What `quick` answers when the call has to wait first. */
export class Waiting {
  readonly gate: Promise<unknown>;
  readonly wake: () => void;
  /** After the wait: what `quick` would have answered. */
  readonly answer: () => unknown;

  constructor(answer: () => unknown) {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    this.gate = promise;
    this.wake = resolve as () => void;
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
  return kept instanceof Refusal ? refused(program, kept) : entered(program, kept, fn, self, args);
};

const refused = async (program: Program, refusal: Refusal): Promise<never> => {
  program.stages[0]!.recorder.rejections++;
  // A promise that rejects before anybody has seen it is tracked as unhandled, which costs more than the rejection.
  await undefined;
  throw refusal.error;
};

/** A run is made only for a call that does not succeed plainly. */
const entered = async (
  program: Program,
  kept: unknown,
  fn: Fn,
  self: unknown,
  args: readonly unknown[] | undefined,
): Promise<unknown> => {
  const stage = program.stages[0]!;
  const { recorder } = stage;
  const start = recorder.samples() ? stage.now() : undefined;
  let failed = false;
  let value: unknown;
  try {
    if (args !== undefined) value = await Reflect.apply(fn, self, args);
    else if (fn.length === 0) value = await fn(new LightContext(undefined, 1));
    else {
      const attempt = stage.rule.attemptOf === undefined ? undefined : 1;
      value = await fn(contextOf(Scope.from(undefined), attempt));
    }
  } catch (error) {
    failed = true;
    value = error;
  }
  if (!failed && stage.rule.quickLeave?.(kept) === true) {
    recorder.successes++;
    if (start !== undefined) recorder.measure(stage.now() - start);
    return value;
  }
  const run = new Run(program, fn, undefined, undefined, undefined, self, args);
  if (kept !== true) run.keep(0, kept);
  if (start !== undefined) run.startAt(0, start);
  run.failed = failed;
  run.value = value;
  return detour(run, 0, OUTWARDS);
};
