import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Embedder } from '../src/domain/embedder.ts';
import { createMiniLmEmbedder, type MiniLmOptions } from '../src/embedding/minilm.ts';
import { silentThread } from './doubles/silent-thread.ts';

let embedder: Embedder;
afterEach(() => embedder.close());

/** The real thread, kept in reach so that a test can end it. */
function withThreads(options: MiniLmOptions = {}): { threads: Worker[]; embedder: Embedder } {
  const threads: Worker[] = [];
  embedder = createMiniLmEmbedder({
    restartDelayMs: 1,
    startWorker: (script, workerData) => {
      const thread = new Worker(script, { workerData });
      threads.push(thread);
      return thread;
    },
    ...options,
  });
  return { threads, embedder };
}

const LOST = {
  code: 'EMBEDDER_UNAVAILABLE',
  retryable: true,
  safety: 'always',
};

describe('a thread that dies', () => {
  it('in the middle of a call rejects it and those behind it, and is replaced', async () => {
    const { threads } = withThreads();
    await embedder.settled();
    const running = embedder.embed(['one', 'two', 'three', 'four']);
    const behind = embedder.embed(['five']);
    void threads[0]!.terminate();
    await expect(running).rejects.toMatchObject({
      ...LOST,
      message: 'The inference thread ended during the call',
    });
    await expect(behind).rejects.toMatchObject(LOST);
    expect(embedder.state()).toEqual({ status: 'loading' });
    await embedder.settled();
    expect([embedder.state().status, threads.length]).toEqual(['ready', 2]);
    expect((await embedder.embed(['again']))[0]).toHaveLength(384);
  }, 20_000);

  it('beside another that lives costs only its own calls', async () => {
    const { threads } = withThreads({ workerCount: 2, maxBatch: 1 });
    await Promise.all(threads.map((thread) => new Promise((resolve) => thread.once('message', resolve))));
    const calls = [embedder.embed(['one']), embedder.embed(['two']), embedder.embed(['three'])];
    void threads[0]!.terminate();
    const outcomes = await Promise.allSettled(calls);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
    expect(embedder.state()).toEqual({ status: 'ready' });
  }, 20_000);

  it('five times before it is ready is given up as RUNTIME_FAILED', async () => {
    let started = 0;
    withThreads({
      startWorker: () => {
        started++;
        return new Worker('throw new RangeError("/a/path")', { eval: true });
      },
    });
    await embedder.settled();
    expect(embedder.state()).toEqual({
      status: 'failed',
      code: 'RUNTIME_FAILED',
      reason: 'The inference thread ended 5 times before it was ready (RangeError)',
    });
    expect(started).toBe(5);
  });

  it('because it cannot be started at all is given up the same way', async () => {
    withThreads({
      startWorker: () => {
        throw new Error('no more threads');
      },
    });
    await embedder.settled();
    expect(embedder.state()).toMatchObject({ status: 'failed', code: 'RUNTIME_FAILED' });
  });
});

describe('a thread that hangs', () => {
  const withSilent = (options: MiniLmOptions = {}): Embedder =>
    withThreads({ startWorker: silentThread, ...options }).embedder;

  it('is replaced after workerTimeoutMs, and its call rejected', async () => {
    withSilent({ workerTimeoutMs: 20 });
    await embedder.settled();
    await expect(embedder.embed(['x'])).rejects.toMatchObject(LOST);
    await embedder.settled();
    expect(embedder.state()).toEqual({ status: 'ready' });
  });

  it('holds back a call that is aborted no longer than the abort', async () => {
    withSilent();
    await embedder.settled();
    const controller = new AbortController();
    const reason = new Error('left');
    const call = embedder.embed(['x'], controller.signal);
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
  });

  it('fills the queue, and a call that does not fit is refused as busy', async () => {
    withSilent({ maxBatch: 1, maxQueuedTexts: 3 });
    await embedder.settled();
    const running = embedder.embed(['in the thread']);
    const controller = new AbortController();
    const waiting = embedder.embed(['a', 'b'], controller.signal);
    await expect(embedder.embed(['c', 'd'])).rejects.toMatchObject({
      code: 'EMBEDDER_BUSY',
      retryable: true,
      message: "2 texts do not fit the embedder's queue: 2 of 3 are taken",
    });
    await expect(embedder.embed(['c', 'd', 'e', 'f'])).rejects.toMatchObject({
      code: 'EMBEDDER_BUSY',
      retryable: false,
    });
    controller.abort();
    await expect(waiting).rejects.toBe(controller.signal.reason);
    const fits = embedder.embed(['c', 'd', 'e']);
    const ended = Promise.allSettled([running, fits]);
    await embedder.close();
    expect((await ended).map((outcome) => outcome.status === 'rejected' && outcome.reason.message)).toEqual([
      'The embedder is closed',
      'The embedder is closed',
    ]);
  });
});

it('publishes each change of state on its diagnostics channel', async () => {
  const seen: unknown[] = [];
  const listen = (message: unknown): void => void seen.push(message);
  subscribe('agent4:memory-api:embedder-state', listen);
  try {
    withThreads({ startWorker: silentThread });
    await embedder.settled();
    await embedder.close();
  } finally {
    unsubscribe('agent4:memory-api:embedder-state', listen);
  }
  expect(seen).toEqual([
    { embedder: 'all-minilm-l6-v2-int8', status: 'ready' },
    {
      embedder: 'all-minilm-l6-v2-int8',
      status: 'failed',
      code: 'EMBEDDER_CLOSED',
      reason: 'The embedder is closed',
    },
  ]);
});
