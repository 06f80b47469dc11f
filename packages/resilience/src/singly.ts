import { contextOf } from './context.ts';
import { promised } from './outwards.ts';
import type { Program } from './program.ts';
import { QuickCall } from './quick-call.ts';
import { begin, failed, stopped, threw, unwell } from './quickly.ts';
import type { Fn } from './run.ts';

const { then } = Promise.prototype;

/** Whether the program is one policy that sets no limit. */
export const isSingle = ({ quick, limits }: Program): boolean => quick?.length === 1 && limits.length === 0;

/** Stands for any call of a program for which {@link isSingle} holds, while its rule is asked. */
export const anyCallOf = (program: Program): QuickCall =>
  new QuickCall(program, () => undefined, undefined, undefined);

/**
 * As `quickly`, for a program for which {@link isSingle} holds: between entering and leaving nothing can happen to the call, so that
 * one that goes well is not even remembered.
 * @param any What {@link anyCallOf} has made for the program.
 */
export const singly = (
  any: QuickCall,
  fn: Fn,
  self: unknown,
  args: readonly unknown[] | undefined,
): Promise<unknown> => {
  const { program } = any;
  const rule = program.quick![0]!;
  rule.recorder.calls++;
  let kept: unknown;
  try {
    kept = rule.quick(any, 0);
  } catch (error) {
    const call = callOf(any, fn, self, args, undefined, undefined);
    begin(call);
    return threw(call, 0, error, false);
  }
  if (kept === undefined) {
    const call = callOf(any, fn, self, args, undefined, undefined);
    call.stop = any.stop;
    any.stop = undefined;
    return stopped(call, 0);
  }
  const isTimed = rule.emitter.hearsOutcome || rule.recorder.samples();
  const start = isTimed ? program.stages[0]!.now() : undefined;
  let answer: Promise<unknown>;
  try {
    answer = Promise.resolve(
      args === undefined
        ? fn(contextOf(undefined, program.counters.length > 0 ? 1 : undefined))
        : Reflect.apply(fn, self, args),
    );
  } catch (error) {
    return promised(failed(callOf(any, fn, self, args, kept, start), error));
  }
  // What is not named in these need not be kept for them.
  return then.call(
    answer,
    (value) => left(any, fn, self, args, kept, start, value),
    (error) => failed(callOf(any, fn, self, args, kept, start), error),
  );
};

/** The function has answered. */
const left = (
  any: QuickCall,
  fn: Fn,
  self: unknown,
  args: readonly unknown[] | undefined,
  kept: unknown,
  start: number | undefined,
  value: unknown,
): unknown => {
  const { program } = any;
  const rule = program.quick![0]!;
  any.slots[0] = kept;
  try {
    if (!rule.quickLeave(any, 0)) return unwell(callOf(any, fn, self, args, kept, start), 0, value);
  } catch (error) {
    return threw(callOf(any, fn, self, args, kept, start), 0, error, true);
  }
  rule.recorder.successes++;
  if (start !== undefined) program.stages[0]!.tellSuccess(start);
  return value;
};

/** The call, for what does not go well. */
const callOf = (
  { program }: QuickCall,
  fn: Fn,
  self: unknown,
  args: readonly unknown[] | undefined,
  kept: unknown,
  start: number | undefined,
): QuickCall => {
  const call = new QuickCall(program, fn, self, args);
  call.slots[0] = kept;
  call.start = start;
  return call;
};
