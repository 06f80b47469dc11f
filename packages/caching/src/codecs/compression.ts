import { promisify } from 'node:util';
import { brotliCompress, brotliDecompress, constants, gunzip, gzip } from 'node:zlib';
import { describe } from '../describe.ts';
import { onlyKnown } from '../only-known.ts';

export interface CompressionOptions {
  /** Default `'brotli'`, of a quality meant for speed (4); `'gzip'` is faster still and larger. Both are always read. */
  algorithm?: 'brotli' | 'gzip' | undefined;
  /** Texts of fewer UTF-8 bytes stay as they are. Default 1_024. */
  minBytes?: number | undefined;
  /** A text that would unpack to more bytes is refused. Default 67_108_864 (64 MiB). */
  maxBytes?: number | undefined;
}

const [packGzip, unpackGzip] = [promisify(gzip), promisify(gunzip)];
const [packBrotli, unpackBrotli] = [promisify(brotliCompress), promisify(brotliDecompress)];

const bytes = (option: string, value: number): number => {
  if (!Number.isInteger(value) || value < 0)
    throw new RangeError(`${option} must be an integer >= 0, got ${describe(value)}`);
  return value;
};

/**
 * Compresses what a store holds: `new Keyv({ store, compression: compression() })`, Keyv 6. The result is a text
 * (`br:` or `gz:` and base64); what gets no smaller stays as it is, and what was stored before is still read.
 * A text that cannot be unpacked rejects with a SyntaxError, which the cache counts as a corrupt entry: a miss.
 */
export function compression(options: CompressionOptions = {}): {
  compress(text: string): Promise<string>;
  decompress(text: string): Promise<string>;
} {
  onlyKnown('compression', options, ['algorithm', 'minBytes', 'maxBytes']);
  const { algorithm = 'brotli' } = options;
  if (algorithm !== 'brotli' && algorithm !== 'gzip')
    throw new TypeError(`algorithm must be one of brotli, gzip, got ${describe(algorithm)}`);
  const minBytes = bytes('minBytes', options.minBytes ?? 1_024);
  const maxOutputLength = Math.max(1, bytes('maxBytes', options.maxBytes ?? 64 * 1024 * 1024));
  const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } };

  const pack = async (raw: Buffer): Promise<string> =>
    algorithm === 'gzip'
      ? `gz:${(await packGzip(raw)).toString('base64')}`
      : `br:${(await packBrotli(raw, quality)).toString('base64')}`;

  return {
    async compress(text) {
      if (typeof text !== 'string')
        throw new TypeError(
          'compression() needs a serialized text: it is made for keyv 6 with serialization',
        );
      // `=:` before a text that looks like one of ours.
      const plain = /^(?:br|gz|=):/.test(text) ? `=:${text}` : text;
      if (Buffer.byteLength(text) < minBytes) return plain;
      const packed = await pack(Buffer.from(text));
      return packed.length < plain.length ? packed : plain;
    },
    async decompress(text) {
      if (text.startsWith('=:')) return text.slice(2);
      const unpack = text.startsWith('br:') ? unpackBrotli : text.startsWith('gz:') ? unpackGzip : undefined;
      if (unpack === undefined) return text;
      try {
        return (await unpack(Buffer.from(text.slice(3), 'base64'), { maxOutputLength })).toString();
      } catch (cause) {
        throw new SyntaxError('A compressed entry cannot be unpacked', { cause });
      }
    },
  };
}
