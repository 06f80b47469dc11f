import type { PolicyContext } from './context.ts';
import { drive } from './drive.ts';
import { itemsOf, Opened } from './opened.ts';
import type { Program, WrappedCall } from './program.ts';
import { Run } from './run.ts';
import { Scope } from './scope.ts';
import { type StreamLimits, StreamReading } from './stream-reading.ts';

type Source = AsyncIterable<unknown> | Iterable<unknown>;

/**
 * The items of a source, opened under a program: all its rules hold for the first item, and those that hold something (a slot)
 * hold it until the source has settled.
 */
export async function* streamOf(
  policy: string,
  program: Program,
  open: (context: PolicyContext) => unknown,
  limits: StreamLimits,
  signal: AbortSignal | undefined,
  wrapped?: WrappedCall,
): AsyncGenerator<unknown, unknown, undefined> {
  const reading = new StreamReading(policy, limits, signal);
  try {
    const answer = await opening(reading, program, open, wrapped);
    // A fallback answers with a stream of its own.
    let item =
      answer instanceof Opened
        ? await reading.read(answer.items, answer.first)
        : await reading.read(itemsOf(answer as Source), undefined);
    while (item.done !== true) {
      yield item.value;
      item = await reading.next();
    }
    reading.finish();
    return item.value;
  } catch (error) {
    reading.fail(error);
    throw error;
  } finally {
    if (!reading.over) await reading.leave();
  }
}

/** What the program answers; of the attempts that have opened only the one that it chose stays open. */
const opening = async (
  { life, holds }: StreamReading,
  program: Program,
  open: (context: PolicyContext) => unknown,
  wrapped: WrappedCall | undefined,
): Promise<unknown> => {
  const all = new Set<Opened>();
  const first = async (context: PolicyContext): Promise<Opened> => {
    const { controller, opened: isOpen } = life.attempt(context.signal);
    try {
      const source = await open({ signal: controller.signal, attempt: context.attempt });
      const items = itemsOf(source as Source);
      const item = await items.next();
      const opened = new Opened(items, item, controller);
      // The attempt was given up in the meantime, so nobody will ask for more.
      if (controller.signal.aborted) await opened.discard();
      else all.add(opened);
      return opened;
    } finally {
      isOpen();
    }
  };
  const run = new Run(program, first, undefined, Scope.from(life.signal), undefined);
  run.handed = { wrapped, holds };
  try {
    const answer = await drive(run);
    if (answer instanceof Opened) {
      all.delete(answer);
      life.read(answer.controller);
      holds.judge((end) => answer.holds.end(end));
      holds.keep(() => answer.holds.release());
    }
    return answer;
  } finally {
    for (const opened of all) void opened.discard();
  }
};
