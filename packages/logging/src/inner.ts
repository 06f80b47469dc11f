import { once } from 'node:events';
import type { Destination } from './destination.ts';
import type { DestinationHealth } from './health.ts';
import { type Level, levels } from './levels.ts';
import type { QueuedLine } from './line-queue.ts';
import { peek } from './peek.ts';

/** A destination as its isolation sees it: a stream, a sink of our own, or anything else with `write`. */
export interface Inner {
  readonly name: string;
  /** It holds lines itself because it cannot write them now; `flush` says when it can. */
  readonly congested: boolean;
  /** @returns a promise while it is not ready for more, else undefined. @throws when it does not take the lines. */
  write(lines: readonly QueuedLine[]): PromiseLike<unknown> | undefined;
  flush(): Promise<void>;
  flushSync(patienceMs?: number): void;
  health(): DestinationHealth | undefined;
  onError(listener: (error: unknown) => void): void;
}

/** What destinations may have besides `write`. */
interface Extras {
  congested?: boolean;
  flushSync?(patienceMs?: number): void;
  health?(): DestinationHealth;
  on?(event: string, listener: (error: unknown) => void): unknown;
  destroyed?: boolean;
  writableEnded?: boolean;
  writableNeedDrain?: boolean;
}

const mostSevere = (lines: readonly QueuedLine[]): Level =>
  lines.reduce((found, { level }) => (levels[level] < levels[found] ? level : found), lines[0]!.level);

/** Settles when a stream asks for more or is over. */
const drained = async (stream: Destination): Promise<void> => {
  const stop = new AbortController();
  const { signal } = stop;
  const emitter = stream as unknown as NodeJS.EventEmitter;
  await Promise.race([once(emitter, 'drain', { signal }), once(emitter, 'close', { signal })]).finally(() =>
    stop.abort(),
  );
};

export const innerOf = (destination: Destination): Inner => {
  const extras = destination as Destination & Extras;
  const isStream = typeof extras.on === 'function';
  const isOurs = 'congested' in extras && typeof extras.health === 'function';
  const given = peek(destination, 'name');
  return {
    name: typeof given === 'string' && given !== '' ? given : 'destination',
    get congested() {
      return extras.congested === true;
    },
    write: (lines) => {
      if (isStream && (extras.destroyed === true || extras.writableEnded === true))
        throw new Error('the stream has ended');
      const text = lines.length === 1 ? lines[0]!.text : lines.map((line) => line.text).join('');
      const answer: unknown =
        destination.writeAtLevel === undefined
          ? destination.write(text)
          : destination.writeAtLevel(text, mostSevere(lines));
      if (typeof (answer as { then?: unknown } | undefined)?.then === 'function')
        return answer as PromiseLike<unknown>;
      return answer === false && isStream && extras.writableNeedDrain !== false
        ? drained(destination)
        : undefined;
    },
    flush: async () => {
      await destination.flush?.();
    },
    flushSync: (patienceMs) => extras.flushSync?.(patienceMs),
    health: () => (isOurs ? extras.health!() : undefined),
    onError: (listener) => {
      if (isStream) extras.on!('error', listener);
    },
  };
};
