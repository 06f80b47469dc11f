import { ApiError, type Client, type NewMemory } from './client.ts';
import { keyMaker } from './keys.ts';
import type { Item } from './reader.ts';

export interface Tally {
  added: number;
  existing: number;
  failed: number;
}

/** How a run ended. `stopped`: somebody asked for it. `broken`: the server stopped answering; `error` says how. */
export type RunEnd = { end: 'finished' } | { end: 'stopped' } | { end: 'broken'; error: Error };

export interface Failure {
  /** `line 7`, or `record 7` of a JSON file. */
  at: string;
  code: string;
  message: string;
}

export interface RunOptions {
  items: AsyncGenerator<Item, void, undefined>;
  client: Pick<Client, 'ensureUser' | 'add'>;
  /** For records that name none. */
  userId: string;
  /** For records that name none. */
  app: string;
  /** Requests under way at once. */
  concurrency: number;
  signal: AbortSignal;
  /** Hears of each record once, in the order in which they end. */
  onSettled: (item: Item, tally: Readonly<Tally>) => void;
  onFailure: (failure: Failure) => void;
}

/** So many records in a row that the server failed on, each after all its retries: it is not the records. */
const MAX_FAILURES_IN_A_ROW = 10;

/**
 * Adds every record of a file, some at once. Reads no further than the records under way.
 * A record the server refuses is counted and told; the run goes on.
 * @throws FileError when the file can not be read to its end.
 */
export const runIngest = async (options: RunOptions): Promise<RunEnd & { tally: Tally }> => {
  const { client, onFailure, onSettled } = options;
  const tally: Tally = { added: 0, existing: 0, failed: 0 };
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  let broken: Error | undefined;
  let failuresInARow = 0;

  const giveUp = (error: Error): void => {
    broken ??= error;
    stop.abort(error);
  };
  /** Counts what the server refused; gives up when the server itself is the trouble. */
  const failOn = (at: string, error: unknown): void => {
    if (!(error instanceof ApiError)) throw error;
    tally.failed++;
    onFailure({ at, code: error.code, message: error.message });
    failuresInARow = error.retryable ? failuresInARow + 1 : 0;
    if (failuresInARow === MAX_FAILURES_IN_A_ROW) giveUp(error);
  };
  const add = async (item: Item, memory: NewMemory): Promise<void> => {
    try {
      await client.ensureUser(memory.userId, signal);
      tally[await client.add(memory, signal)]++;
      failuresInARow = 0;
    } catch (error) {
      // One that was cut off is neither added nor failed: the next run finds out.
      if (signal.aborted) return;
      if (isNoAnswer(error)) {
        giveUp(error);
        return;
      }
      failOn(item.at, error);
    }
    onSettled(item, tally);
  };

  const entries = keyed(options);
  const worker = async (): Promise<void> => {
    while (!signal.aborted) {
      const { value: entry, done } = await entries.next();
      if (done || signal.aborted) return;
      const { item, memory } = entry;
      if (memory !== undefined) await add(item, memory);
      else if ('problem' in item) {
        tally.failed++;
        onFailure({ at: item.at, ...item.problem });
        onSettled(item, tally);
      }
    }
  };
  try {
    const workers = Array.from({ length: options.concurrency }, async () => {
      try {
        await worker();
      } catch (error) {
        stop.abort(error);
        throw error;
      }
    });
    const failed = (await Promise.allSettled(workers)).find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
  } finally {
    await entries.return();
  }
  if (broken !== undefined) return { tally, end: 'broken', error: broken };
  return options.signal.aborted ? { tally, end: 'stopped' } : { tally, end: 'finished' };
};

/** All attempts ended without an answer: a lost connection or a time limit. */
const isNoAnswer = (error: unknown): error is Error =>
  error instanceof ApiError
    ? error.status === undefined
    : (error as { code?: unknown } | null)?.code === 'TIMEOUT';

/** Makes the keys while reading, because they depend on the order of the file. */
async function* keyed({
  items,
  userId,
  app,
}: RunOptions): AsyncGenerator<{ item: Item; memory: NewMemory | undefined }, void, undefined> {
  const keyOf = keyMaker();
  for await (const item of items) {
    if ('problem' in item) {
      yield { item, memory: undefined };
      continue;
    }
    const { record } = item;
    const memory = {
      userId: record.userId ?? userId,
      app: record.app ?? app,
      text: record.text,
      metadata: record.metadata,
    };
    yield { item, memory: { ...memory, key: keyOf({ ...memory, id: record.id }) } };
  }
}
