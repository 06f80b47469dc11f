import type { PolicyContext } from './context.ts';
import { drive } from './drive.ts';
import { PolicyTimeoutError, stackless } from './errors.ts';
import { Holds, type StreamEnd } from './holds.ts';
import type { Program, WrappedCall } from './program.ts';
import { Run } from './run.ts';
import { Scope } from './scope.ts';
import { StreamLife } from './stream-life.ts';
import { after, systemTimers, type Timers } from './timers.ts';

export interface StreamLimits {
  gapMs?: number | undefined;
  totalMs?: number | undefined;
  timers?: Timers | undefined;
}

/** A stream whose first item is there. */
class Opened {
  readonly iterator: AsyncIterator<unknown> | Iterator<unknown>;
  readonly item: IteratorResult<unknown>;
  readonly controller: AbortController;

  constructor(
    iterator: AsyncIterator<unknown> | Iterator<unknown>,
    item: IteratorResult<unknown>,
    controller: AbortController,
  ) {
    this.iterator = iterator;
    this.item = item;
    this.controller = controller;
  }
}

type Source<T> = AsyncIterable<T> | Iterable<T>;

const iteratorOf = <T>(source: Source<T>): AsyncIterator<T> | Iterator<T> => {
  const { [Symbol.asyncIterator]: asyncOf } = source as AsyncIterable<T>;
  return asyncOf === undefined ? (source as Iterable<T>)[Symbol.iterator]() : asyncOf.call(source);
};

/**
 * The items of a source, opened under a program: all its rules hold for the first item, and those that hold something (a slot,
 * a probe's place) hold it until the end.
 */
export async function* streamOf(
  policy: string,
  program: Program,
  open: (context: PolicyContext) => unknown,
  limits: StreamLimits,
  signal: AbortSignal | undefined,
  wrapped?: WrappedCall,
): AsyncGenerator<unknown, unknown, undefined> {
  const {
    gapMs = Number.POSITIVE_INFINITY,
    totalMs = Number.POSITIVE_INFINITY,
    timers = systemTimers,
  } = limits;
  const life = new StreamLife();
  const abort = (): void => life.end(signal?.reason);
  if (signal?.aborted === true) abort();
  signal?.addEventListener('abort', abort, { once: true });
  const stopTotal = after(timers, totalMs, () => life.end(timeoutOf(`${policy}.total`, totalMs)));
  const holds = new Holds();
  let iterator: AsyncIterator<unknown> | Iterator<unknown> | undefined;
  let end: StreamEnd = { how: 'cancelled', error: undefined };
  let over = false;
  const first = async (context: PolicyContext): Promise<Opened> => {
    const { controller, opened: isOpen } = life.attempt(context.signal);
    try {
      const source = await open({ signal: controller.signal, attempt: context.attempt });
      const mine = iteratorOf(source as Source<unknown>);
      const item = await mine.next();
      // The attempt was given up in the meantime, so nobody will ask for more.
      if (controller.signal.aborted) void letGo(mine);
      return new Opened(mine, item, controller);
    } finally {
      isOpen();
    }
  };
  try {
    const run = new Run(program, first, undefined, Scope.from(life.signal), undefined);
    run.handed = { wrapped, holds };
    const answer = await drive(run);
    if (answer instanceof Opened) life.read(answer.controller);
    // A fallback answers with a stream of its own.
    iterator = answer instanceof Opened ? answer.iterator : iteratorOf(answer as Source<unknown>);
    let item = answer instanceof Opened ? answer.item : await life.race(iterator.next());
    while (item.done !== true) {
      yield item.value;
      const stopGap = after(timers, gapMs, () => life.end(timeoutOf(`${policy}.gap`, gapMs)));
      try {
        item = await life.race(iterator.next());
      } finally {
        stopGap();
      }
    }
    over = true;
    end = { how: 'succeeded', error: undefined };
    return item.value;
  } catch (error) {
    end = { how: signal?.aborted === true ? 'cancelled' : 'failed', error };
    throw error;
  } finally {
    signal?.removeEventListener('abort', abort);
    stopTotal();
    holds.end(end);
    if (!over) {
      life.end(end.error);
      if (iterator !== undefined) void letGo(iterator);
    }
  }
}

const letGo = async (iterator: AsyncIterator<unknown> | Iterator<unknown>): Promise<void> => {
  try {
    await iterator.return?.();
  } catch {
    // The consumer has gone; nobody is there to hear of it.
  }
};

const timeoutOf = (policy: string, ms: number): PolicyTimeoutError =>
  stackless(() => new PolicyTimeoutError(policy, ms));
