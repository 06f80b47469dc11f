import { EmbedderError } from './embedder-error.ts';
import { scaleToUnit } from './unit-vector.ts';

/** Room for the model's name and usage counts, and for the longest number of a vector. */
const OVERHEAD_BYTES = 65_536;
const NUMBER_BYTES = 32;

const bad = (message: string): EmbedderError =>
  new EmbedderError('EMBEDDER_BAD_RESPONSE', `The embedding endpoint answered ${message}`, {
    retryable: false,
  });

/**
 * The unit vectors of an `/embeddings` answer, in the order of the texts.
 * @throws EmbedderError EMBEDDER_BAD_RESPONSE when count, order, length or numbers are not right; whatever the
 * connection throws while the body is read.
 */
export async function readVectors(response: Response, count: number, dims: number): Promise<Float32Array[]> {
  const body = await readAtMost(response, OVERHEAD_BYTES + count * dims * NUMBER_BYTES);
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    // The parser's own message quotes the body, which may repeat the texts.
    throw bad('something that is not JSON');
  }
  const items = field(parsed, 'data');
  if (!Array.isArray(items)) throw bad('without a data array');
  if (items.length !== count) throw bad(`with ${items.length} vectors for ${count} texts`);
  const vectors = new Array<Float32Array | undefined>(count).fill(undefined);
  for (const [position, item] of (items as unknown[]).entries()) {
    const index = field(item, 'index') ?? position;
    if (typeof index !== 'number' || !(index in vectors) || vectors[index] !== undefined) {
      throw bad('with indexes that do not match the texts');
    }
    vectors[index] = unitVector(field(item, 'embedding'), dims);
  }
  return vectors as Float32Array[];
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function unitVector(values: unknown, dims: number): Float32Array {
  if (!Array.isArray(values)) throw bad('with an embedding that is not an array');
  if (values.length !== dims) throw bad(`with a vector of ${values.length} dimensions, expected ${dims}`);
  if (!values.every((value) => typeof value === 'number')) throw bad('with a vector that holds no numbers');
  const vector = Float32Array.from(values as number[]);
  if (!scaleToUnit(vector)) throw bad('with a vector that has no direction');
  return vector;
}

async function readAtMost(response: Response, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > maxBytes) throw bad(`with more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
