import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { MINILM_DIMS, MINILM_MAX_TOKENS, readMiniLmFiles } from './minilm-files.ts';
import { scaleToUnit } from './unit-vector.ts';

/** The part of ONNX Runtime's interface that is used; the vendored build carries no types. */
interface OnnxRuntime {
  env: {
    logLevel: string;
    wasm: { numThreads: number; wasmBinary: Uint8Array; wasmPaths: { mjs: string } };
  };
  Tensor: new (type: 'int64', data: BigInt64Array, shape: readonly number[]) => object;
  InferenceSession: {
    create(model: Uint8Array, options: { executionProviders: string[] }): Promise<OnnxSession>;
  };
}
interface OnnxSession {
  run(inputs: Record<string, object>): Promise<{ last_hidden_state: { data: Float32Array } }>;
}
interface TextTokenizer {
  encode(text: string): { ids: number[] };
}

/** The model loaded into this thread. */
export interface MiniLmSession {
  /**
   * The unit vector of one text. Texts are never run side by side: the int8 graph takes the scale of its
   * activations from the whole input tensor, so in a batch each text's vector would depend on its neighbours.
   */
  vectorOf(text: string): Promise<Float32Array>;
}

/** @throws MiniLmFailure when a file is missing or damaged; whatever the runtime throws when it does not start. */
export async function loadMiniLm(modelFolder?: string): Promise<MiniLmSession> {
  const { folder, bytes } = await readMiniLmFiles(modelFolder);
  const fileUrl = (name: string): string =>
    pathToFileURL(path.join(folder, 'vendor/onnxruntime-web', name)).href;

  const runtime = (await import(fileUrl('ort.wasm.min.mjs'))) as OnnxRuntime;
  runtime.env.logLevel = 'error';
  runtime.env.wasm.numThreads = 1;
  runtime.env.wasm.wasmBinary = bytes['vendor/onnxruntime-web/ort-wasm-simd-threaded.wasm'];
  runtime.env.wasm.wasmPaths = { mjs: fileUrl('ort-wasm-simd-threaded.mjs') };
  const session = await runtime.InferenceSession.create(bytes['model/onnx/model_quantized.onnx'], {
    executionProviders: ['wasm'],
  });

  const { Tokenizer } = await import('@huggingface/tokenizers');
  const tokenizer: TextTokenizer = new Tokenizer(
    parseJson(bytes['model/tokenizer.json']),
    parseJson(bytes['model/tokenizer_config.json']),
  );

  return {
    async vectorOf(text) {
      const ids = truncated(tokenizer.encode(text).ids);
      const shape = [1, ids.length];
      const { last_hidden_state } = await session.run({
        input_ids: new runtime.Tensor('int64', BigInt64Array.from(ids, BigInt), shape),
        attention_mask: new runtime.Tensor('int64', new BigInt64Array(ids.length).fill(1n), shape),
        token_type_ids: new runtime.Tensor('int64', new BigInt64Array(ids.length), shape),
      });
      const vector = meanOf(last_hidden_state.data, ids.length);
      if (!scaleToUnit(vector)) throw new Error('The model gave a vector without direction');
      return vector;
    },
  };
}

function parseJson(bytes: Uint8Array): object {
  return JSON.parse(new TextDecoder().decode(bytes)) as object;
}

/** Keeps the first tokens and the closing `[SEP]`, which is always the last one. */
function truncated(ids: readonly number[]): readonly number[] {
  return ids.length <= MINILM_MAX_TOKENS ? ids : [...ids.slice(0, MINILM_MAX_TOKENS - 1), ids.at(-1)!];
}

/** No token is padding, so the attention mask is all ones and the masked mean is the plain one. */
function meanOf(hidden: Float32Array, tokens: number): Float32Array {
  const mean = new Float32Array(MINILM_DIMS);
  for (let at = 0; at < tokens * MINILM_DIMS; at += MINILM_DIMS) {
    for (let d = 0; d < MINILM_DIMS; d++) mean[d] = mean[d]! + hidden[at + d]!;
  }
  for (let d = 0; d < MINILM_DIMS; d++) mean[d] = mean[d]! / tokens;
  return mean;
}
