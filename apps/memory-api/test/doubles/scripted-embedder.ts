import type { Embedder, EmbedderState } from '../../src/domain/embedder.ts';
import { EmbedderError } from '../../src/embedding/embedder-error.ts';

/** An embedder whose every move the test decides. Texts that share words get vectors that point alike. */
export interface ScriptedEmbedder extends Embedder {
  /** The texts of each call that was let in, in order. */
  readonly calls: readonly (readonly string[])[];
  enter(state: EmbedderState): void;
  /** Lets the next `times` calls fail; the default is every call until `recover`. */
  failWith(error: unknown, times?: number): void;
  recover(): void;
  /** From here on calls wait until `release`; an aborted one leaves at once. */
  hold(): void;
  release(): void;
}

/** @param options.state Where it starts. Default ready. */
export function createScriptedEmbedder(
  options: { id?: string; dims?: number; state?: EmbedderState } = {},
): ScriptedEmbedder {
  const { id = 'scripted', dims = 64 } = options;
  const calls: (readonly string[])[] = [];
  let state: EmbedderState = options.state ?? { status: 'ready' };
  let waiters: (() => void)[] = [];
  let held: (() => void)[] | undefined;
  let failure: { error: unknown; times: number } | undefined;

  const enter = (next: EmbedderState): void => {
    state = next;
    if (state.status === 'loading') return;
    for (const resolve of waiters) resolve();
    waiters = [];
  };
  const assertReady = (): void => {
    if (state.status === 'ready') return;
    throw new EmbedderError('EMBEDDER_UNAVAILABLE', `The scripted embedder is ${state.status}`, {
      retryable: state.status === 'loading',
    });
  };
  const release = (): void => {
    const resumed = held ?? [];
    held = undefined;
    for (const resume of resumed) resume();
  };

  return {
    id,
    dims,
    calls,
    enter,
    release,
    state: () => state,
    settled: () =>
      state.status === 'loading' ? new Promise((resolve) => waiters.push(resolve)) : Promise.resolve(),
    failWith(error, times = Number.POSITIVE_INFINITY) {
      failure = { error, times };
    },
    recover() {
      failure = undefined;
    },
    hold() {
      held ??= [];
    },
    async embed(texts, signal) {
      signal?.throwIfAborted();
      assertReady();
      calls.push([...texts]);
      if (held !== undefined) await resumedOrAborted(held, signal);
      assertReady();
      if (failure !== undefined && failure.times-- > 0) throw failure.error;
      return texts.map((text) => wordVector(text, dims));
    },
    async close() {
      enter({ status: 'failed', code: 'EMBEDDER_CLOSED', reason: 'The embedder is closed' });
      release();
    },
  };
}

function resumedOrAborted(held: (() => void)[], signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    held.push(resolve);
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

/** Each word adds 1 in the dimension its hash names; a text without words points along the first one. */
function wordVector(text: string, dims: number): Float32Array {
  const vector = new Float32Array(dims);
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  for (const word of words) {
    const at = hash(word) % dims;
    vector[at] = vector[at]! + 1;
  }
  if (words.length === 0) vector[0] = 1;
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

/** FNV-1a, 32 bits. */
function hash(word: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < word.length; i++) value = Math.imul(value ^ word.charCodeAt(i), 0x01000193);
  return value >>> 0;
}
