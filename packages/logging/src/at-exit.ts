/** Something that still holds lines, and can hand them over without another turn of the event loop. */
export interface FlushedAtExit {
  /** @param patienceMs how long a sink may wait for a slow reader; left out: as long as it thinks right. */
  flushSync(patienceMs?: number): void;
}

const sinks = new Set<FlushedAtExit>();
let listening = false;
let ending = false;

/** True once the process is ending: no later turn will come, so what is written now must go out now. */
export const isEnding = (): boolean => ending;

/** Hands over what every sink holds. Wrappers were made after what they wrap, so the latest goes first; one that fails stops none. */
export const flushAllSync = (patienceMs?: number): void => {
  for (const sink of [...sinks].reverse()) {
    try {
      sink.flushSync(patienceMs);
    } catch {
      // It told its own failure; the others must still get their turn.
    }
  }
};

/** `flushSync` is called when the process exits: at its end, by `process.exit`, after an uncaught error or rejection. */
export const flushAtExit = (sink: FlushedAtExit): void => {
  sinks.add(sink);
  if (listening) return;
  listening = true;
  // A listener that is added while 'exit' is being emitted is not called any more: the first line may come from another one.
  ending ||= (process as { _exiting?: boolean })._exiting === true;
  process.on('exit', () => {
    ending = true;
    flushAllSync();
  });
};

/** For a sink that was closed, and so holds nothing. */
export const noFlushAtExit = (sink: FlushedAtExit): void => {
  sinks.delete(sink);
};
