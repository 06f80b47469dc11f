import { describe, expect, it } from '@jest/globals';
import { type BackfillOptions, createBackfill } from '../src/domain/backfill.ts';
import type { Embedding } from '../src/domain/embedding.ts';
import type { MemoryStore } from '../src/domain/memory-store.ts';

interface Pending {
  id: string;
  content: string;
  updatedAt: number;
}

/** A store of pending texts alone, an embedder that does as it is told, and timers run by hand. */
const scene = (contents: string[], embed: (texts: readonly string[]) => void = () => {}) => {
  const pending: Pending[] = contents.map((content, at) => ({ id: `m${at}`, content, updatedAt: at }));
  const stored: string[] = [];
  const errors: object[] = [];
  const timers: { fn: () => void; ms: number }[] = [];
  let ready = true;
  let now = 0;
  const store = {
    pendingEmbeddings: async (_embedder: string, limit: number) => pending.slice(0, limit),
    putVectors: async (_embedder: string, list: readonly { id: string }[]) => {
      for (const { id } of list) {
        stored.push(id);
        pending.splice(
          pending.findIndex((one) => one.id === id),
          1,
        );
      }
      return list.length;
    },
  } as unknown as MemoryStore;
  const embedding = {
    embedderId: 'e',
    available: () => ready,
    vectorsFor: async (texts: readonly string[]) => {
      embed(texts);
      return texts.map(() => new Float32Array([1]));
    },
  } as unknown as Embedding;
  const options: BackfillOptions = {
    store,
    embedding,
    isTransient: (error) => (error as { transient?: boolean }).transient === true,
    onProgress: () => {},
    onError: (_error, what) => errors.push(what),
    clock: () => now,
    schedule: (fn, ms) => {
      const timer = { fn, ms };
      timers.push(timer);
      return () => timers.splice(timers.indexOf(timer), 1);
    },
  };
  const fire = (): void => {
    const { fn, ms } = timers.shift()!;
    now += ms;
    fn();
  };
  return {
    backfill: createBackfill(options),
    stored,
    errors,
    timers,
    fire,
    pending,
    setReady: (is: boolean) => (ready = is),
  };
};

/** Lets every promise that can go on go on. */
const settle = (): Promise<void> =>
  new Promise((resolve) => setImmediate(() => setImmediate(() => setImmediate(resolve))));
const transient = (): never => {
  throw Object.assign(new Error('down'), { transient: true });
};

describe('embedding what was stored without a vector', () => {
  it('takes all of it, in batches, oldest first', async () => {
    const batches: number[] = [];
    const { backfill, stored } = scene(
      Array.from({ length: 70 }, (_, at) => `text ${at}`),
      (texts) => batches.push(texts.length),
    );
    backfill.wake();
    await settle();
    expect(batches).toEqual([32, 32, 6]);
    expect(stored[0]).toBe('m0');
    expect(stored).toHaveLength(70);
  });

  it('waits longer after each failure in a row, and a wake in between changes nothing', async () => {
    let calls = 0;
    const { backfill, timers, errors, fire } = scene(['one'], () => {
      calls++;
      transient();
    });
    backfill.wake();
    await settle();
    backfill.wake();
    await settle();
    expect(calls).toBe(1);
    const waits = [timers[0]!.ms];
    for (let round = 0; round < 8; round++) {
      fire();
      await settle();
      waits.push(timers[0]!.ms);
    }
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
    expect(errors[1]).toEqual({ retryInMs: 2_000 });
  });

  it('goes on when the embedder is back', async () => {
    let down = true;
    const { backfill, stored, fire } = scene(['one', 'two'], () => {
      if (down) transient();
    });
    backfill.wake();
    await settle();
    down = false;
    fire();
    await settle();
    expect(stored).toEqual(['m0', 'm1']);
  });

  it('looks again later when the embedder is not ready', async () => {
    const { backfill, stored, setReady, timers, fire } = scene(['one']);
    setReady(false);
    backfill.wake();
    await settle();
    expect(stored).toEqual([]);
    expect(timers).toHaveLength(1);
    setReady(true);
    fire();
    await settle();
    expect(stored).toEqual(['m0']);
  });

  it('finds the one text that is refused and goes on without it', async () => {
    const { backfill, stored, errors, pending } = scene(['good', 'poison', 'fine'], (texts) => {
      if (texts.includes('poison')) throw new Error('refused');
    });
    backfill.wake();
    await settle();
    expect(stored).toEqual(['m0', 'm2']);
    expect(errors).toEqual([{ memoryId: 'm1' }]);
    expect(pending.map((one) => one.content)).toEqual(['poison']);
  });

  it('tries a refused text again after a growing time, so that nothing waits for a restart', async () => {
    let wrong = true;
    const { backfill, stored, timers, fire } = scene(['only one'], () => {
      if (wrong) throw new Error('no such model yet');
    });
    backfill.wake();
    await settle();
    const waits = [timers[0]!.ms];
    for (let round = 0; round < 3; round++) {
      fire();
      await settle();
      waits.push(timers[0]!.ms);
    }
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000]);
    wrong = false;
    fire();
    await settle();
    expect(stored).toEqual(['m0']);
    expect(timers).toEqual([]);
  });

  it('does not keep a new text waiting for a refused one', async () => {
    const { backfill, stored, pending } = scene(['poison'], (texts) => {
      if (texts.includes('poison')) throw new Error('refused');
    });
    backfill.wake();
    await settle();
    pending.push({ id: 'new', content: 'good', updatedAt: 9 });
    backfill.wake();
    await settle();
    expect(stored).toEqual(['new']);
  });

  it('blames no text when all are refused, and tries again later', async () => {
    const { backfill, errors, timers } = scene(['one', 'two'], () => {
      throw new Error('wrong key');
    });
    backfill.wake();
    await settle();
    expect(errors).toEqual([{ retryInMs: 1_000 }]);
    expect(timers).toHaveLength(1);
  });

  it('does nothing after stop', async () => {
    const { backfill, stored, timers } = scene(['one']);
    await backfill.stop();
    backfill.wake();
    await settle();
    expect(stored).toEqual([]);
    expect(timers).toEqual([]);
  });
});
