import type { Embedding } from './embedding.ts';
import type { MemoryStore } from './memory-store.ts';

/** Gives every memory that was stored without a vector its vector, as soon as the embedder can. */
export interface Backfill {
  /** There may be work: look now, unless a look is under way or a wait after a failure. */
  wake(): void;
  /** Ends when the batch in hand has ended. */
  stop(): Promise<void>;
}

const BATCH = 32;

export interface BackfillOptions {
  store: MemoryStore;
  embedding: Embedding;
  /** Whether the same texts may work later. What is not transient is blamed on a text, which is then left alone. */
  isTransient: (error: unknown) => boolean;
  onProgress: (stored: number) => void;
  onError: (error: unknown, what: { retryInMs: number } | { memoryId: string }) => void;
  /** First wait after a failure; doubles up to `maxDelayMs`. Default 1,000. */
  initialDelayMs?: number;
  /** Default 60,000. */
  maxDelayMs?: number;
  /** Milliseconds, monotonic. Default `performance.now`. */
  clock?: () => number;
  /** Calls `fn` after `ms`; answers what takes it back. Default an unref'd timer. */
  schedule?: (fn: () => void, ms: number) => () => void;
}

const unrefTimer = (fn: () => void, ms: number): (() => void) => {
  const timer = setTimeout(fn, ms).unref();
  return () => clearTimeout(timer);
};

export const createBackfill = (options: BackfillOptions): Backfill => {
  const { store, embedding, isTransient, onProgress, onError } = options;
  const { initialDelayMs = 1_000, maxDelayMs = 60_000, schedule = unrefTimer } = options;
  const clock = options.clock ?? (() => performance.now());
  const stopping = new AbortController();
  /** Texts the embedder refused: each is left alone for a growing time, and is found by its words meanwhile. */
  const refused = new Map<string, { failures: number; until: number }>();
  let running: Promise<void> | undefined;
  let again = false;
  let waits = 0;
  let endWait: (() => void) | undefined;
  /** A wait for a refused text must not keep a new one waiting. */
  let interruptible = false;

  const delay = (failures: number): number =>
    Math.min(maxDelayMs, initialDelayMs * 2 ** Math.min(failures, 30));
  const nextDelay = (): number => delay(waits++);

  const wait = (ms: number, kind?: 'interruptible'): void => {
    interruptible = kind === 'interruptible';
    endWait = schedule(() => {
      endWait = undefined;
      wake();
    }, ms);
  };

  const embed = async (
    batch: readonly { id: string; content: string; updatedAt: number }[],
  ): Promise<number> => {
    const vectors = await embedding.vectorsFor(
      batch.map((memory) => memory.content),
      stopping.signal,
    );
    return store.putVectors(
      embedding.embedderId,
      batch.map(({ id, updatedAt }, at) => ({ id, updatedAt, values: vectors[at]! })),
    );
  };

  /** A batch was refused as a whole: find out which text is to blame. When all are, it is not the texts. */
  const embedSingly = async (
    batch: readonly { id: string; content: string; updatedAt: number }[],
  ): Promise<number> => {
    let stored = 0;
    const blamed: { id: string; error: unknown }[] = [];
    for (const memory of batch)
      try {
        stored += await embed([memory]);
      } catch (error) {
        if (stopping.signal.aborted || isTransient(error)) throw error;
        blamed.push({ id: memory.id, error });
      }
    if (blamed.length === batch.length && batch.length > 1) throw blamed[0]!.error;
    for (const { id, error } of blamed) {
      const failures = (refused.get(id)?.failures ?? 0) + 1;
      refused.set(id, { failures, until: clock() + delay(failures - 1) });
      onError(error, { memoryId: id });
    }
    return stored;
  };

  const drain = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const pending = await store.pendingEmbeddings(embedding.embedderId, BATCH + refused.size);
      const now = clock();
      const batch = pending.filter(({ id }) => (refused.get(id)?.until ?? 0) <= now).slice(0, BATCH);
      if (batch.length === 0) {
        const next = Math.min(...pending.map(({ id }) => refused.get(id)!.until));
        if (pending.length > 0) wait(Math.max(1, next - now), 'interruptible');
        else refused.clear();
        return;
      }
      if (!embedding.available()) {
        wait(nextDelay());
        return;
      }
      const stored = await embed(batch).catch((error: unknown) => {
        if (stopping.signal.aborted || isTransient(error)) throw error;
        return embedSingly(batch);
      });
      waits = 0;
      for (const { id } of batch) if (refused.has(id) && refused.get(id)!.until <= now) refused.delete(id);
      if (stored > 0) onProgress(stored);
    }
  };

  const wake = (): void => {
    if (stopping.signal.aborted) return;
    if (endWait !== undefined) {
      if (!interruptible) return;
      endWait();
      endWait = undefined;
    }
    if (running !== undefined) {
      again = true;
      return;
    }
    again = false;
    running = drain()
      .catch((error: unknown) => {
        if (stopping.signal.aborted) return;
        const retryInMs = nextDelay();
        onError(error, { retryInMs });
        wait(retryInMs);
      })
      .finally(() => {
        running = undefined;
        if (again) wake();
      });
  };

  return {
    wake,
    async stop() {
      stopping.abort();
      endWait?.();
      await running;
    },
  };
};
