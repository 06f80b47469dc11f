import { parentPort, workerData } from 'node:worker_threads';
import { MINILM_DIMS, MiniLmFailure } from './minilm-files.ts';
import type { MiniLmReply, MiniLmRequest, MiniLmWorkerData } from './minilm-messages.ts';
import { loadMiniLm, type MiniLmSession } from './minilm-session.ts';

const port = parentPort;
if (port === null) throw new Error('minilm-worker is started by createMiniLmEmbedder, not run alone');

const reply = (message: MiniLmReply, transfer: ArrayBuffer[] = []): void =>
  port.postMessage(message, transfer);

function failureOf(error: unknown): MiniLmReply {
  if (error instanceof MiniLmFailure) return { type: 'failed', code: error.code, reason: error.message };
  // The runtime's own text may hold paths of this machine.
  const name = error instanceof Error ? error.name : typeof error;
  return { type: 'failed', code: 'RUNTIME_FAILED', reason: `The inference runtime did not start (${name})` };
}

// A throw here is not caught: after a WebAssembly trap the runtime's memory cannot be trusted, so the thread
// ends and the owner starts another.
async function answer(session: MiniLmSession, texts: readonly string[]): Promise<void> {
  const vectors = new Float32Array(texts.length * MINILM_DIMS);
  for (const [i, text] of texts.entries()) vectors.set(await session.vectorOf(text), i * MINILM_DIMS);
  reply({ type: 'vectors', vectors: vectors.buffer }, [vectors.buffer]);
}

try {
  const session = await loadMiniLm((workerData as MiniLmWorkerData).modelFolder);
  port.on('message', ({ texts }: MiniLmRequest) => void answer(session, texts));
  reply({ type: 'ready' });
} catch (error) {
  reply(failureOf(error));
}
