import { Calls } from './calls.ts';
import { drive } from './drive.ts';
import type { Holds } from './holds.ts';
import { Run } from './run.ts';
import type { Scope } from './scope.ts';
import type { QuickRule, Rule, Stage } from './stage.ts';

/** A call as the layers of a pipeline hand it inwards. */
export type Task = (scope: Scope, attempt: number | undefined) => unknown;

/** A call of a wrapped function or a decorated method. */
export interface WrappedCall {
  readonly fn: object;
  readonly self: unknown;
  readonly args: readonly unknown[];
}

/** Where a call comes from: undefined for a plain `execute`. */
export interface Origin {
  readonly wrapped: WrappedCall | undefined;
  /** For the opening of a stream: what is to be let go when the stream ends. */
  readonly holds: Holds | undefined;
}

/** What a policy does around a task, where it is no {@link Stage}. A synchronous throw counts like a rejection. */
export interface Layer {
  (
    task: Task,
    scope: Scope,
    attempt: number | undefined,
    origin?: Origin | undefined,
    calls?: Calls | undefined,
  ): Promise<unknown>;
  /** What it waits for is not its turn but an answer, although it may not call the task for it. */
  standsIn?: boolean;
  /** It wants to know which calls are made: it is handed `calls`, unless nothing is inside of it but the call. */
  counts?: boolean;
}

/** A part of a program: a stage, which runs in one pass with its neighbours, or a layer, which is a call of its own. */
export type Element = Stage | Layer;

/** Policies made ready to run, the first outermost: stages up to the first layer, which then runs all the rest. */
export interface Program {
  readonly stages: readonly Stage[];
  readonly inner: Layer | undefined;
  /** The rules of the stages, where a call that goes well takes no run. */
  readonly quick: readonly QuickRule[] | undefined;
  /** Whether one of the layers inside stands in for the call. */
  readonly standsIn: boolean;
  /** Where time limits may cut a call off, the innermost first. */
  readonly limits: readonly number[];
  /** Where attempts are counted, the innermost first. */
  readonly counters: readonly number[];
}

export const compile = (elements: readonly Element[]): Program => {
  const cut = elements.findIndex((element) => typeof element === 'function');
  const stages = (cut < 0 ? elements : elements.slice(0, cut)) as readonly Stage[];
  const [outer, ...rest] = cut < 0 ? [] : elements.slice(cut);
  return {
    stages,
    quick: cut < 0 && stages.length > 0 ? quickRules(stages) : undefined,
    standsIn: elements.some((element) => typeof element === 'function' && element.standsIn === true),
    inner: outer === undefined ? undefined : around(outer as Layer, rest),
    limits: places(stages, ({ rule }) => rule.limits === true),
    counters: places(stages, ({ rule }) => rule.attemptOf !== undefined),
  };
};

const quickRules = (stages: readonly Stage[]): QuickRule[] | undefined => {
  const rules = stages.map(({ rule }) => rule);
  return rules.every(isQuickRule) ? rules : undefined;
};

const isQuickRule = (rule: Rule): rule is QuickRule =>
  rule.quick !== undefined && rule.quickLeave !== undefined;

const places = (stages: readonly Stage[], suits: (stage: Stage) => boolean): number[] =>
  stages
    .map((stage, at) => (suits(stage) ? at : -1))
    .filter((at) => at >= 0)
    .reverse();

const around = (outer: Layer, rest: readonly Element[]): Layer => {
  if (rest.length === 0) return outer;
  const program = compile(rest);
  if (outer.counts === true) return counting(outer, program);
  const inner = layerOf(program);
  return (task, scope, attempt, origin) => outer((s, a) => inner(task, s, a, origin), scope, attempt, origin);
};

/** As `around`; what is asked of a layer that stands in for the call is a call, whether it makes one or not. */
const counting = (outer: Layer, program: Program): Layer => {
  const inside = layerOf(program);
  const standIn = program.standsIn ? program.inner : undefined;
  return (task, scope, attempt, origin) => {
    const calls = new Calls();
    const call = standIn === undefined ? calls.counted(task) : task;
    const inner = standIn === undefined ? inside : layerOf({ ...program, inner: calls.counted(standIn) });
    return outer((s, a) => inner(call, s, a, origin), scope, attempt, origin, calls);
  };
};

const layerOf =
  (program: Program): Layer =>
  (task, scope, attempt, origin) => {
    const run = new Run(program, undefined, task, scope, attempt);
    run.handed = origin;
    return drive(run);
  };
