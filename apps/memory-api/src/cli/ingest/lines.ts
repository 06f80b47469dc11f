import { isUtf8 } from 'node:buffer';

/** Far more than the server takes for one memory; what is longer is skipped, never held. */
export const MAX_LINE_BYTES = 4 * 1024 * 1024;

/** One line of a file, without its line break. `end` is the offset in bytes behind it. */
export type Line = { line: number; end: number } & ({ text: string } | { problem: LineProblem });
export type LineProblem = 'LINE_TOO_LONG' | 'NOT_UTF8';

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const BOM = '\ufeff';

/**
 * Cuts bytes into lines as they are asked for: no chunk is read before the lines of the last one were taken.
 * @param maxBytes A longer line becomes a problem, and its bytes are dropped as they come. Default 4 MiB.
 */
export async function* linesOf(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number = MAX_LINE_BYTES,
): AsyncGenerator<Line, void, undefined> {
  let line = 0;
  let offset = 0;
  let held: Buffer[] = [];
  let length = 0;

  const hold = (piece: Buffer): void => {
    length += piece.length;
    if (length > maxBytes) held = [];
    else if (piece.length > 0) held.push(piece);
  };
  const take = (end: number): Line => {
    line++;
    const tooLong = length > maxBytes;
    let bytes = held.length === 1 ? held[0]! : Buffer.concat(held);
    held = [];
    length = 0;
    if (tooLong) return { line, end, problem: 'LINE_TOO_LONG' };
    if (bytes.at(-1) === RETURN) bytes = bytes.subarray(0, -1);
    if (!isUtf8(bytes)) return { line, end, problem: 'NOT_UTF8' };
    const text = bytes.toString('utf8');
    return { line, end, text: line === 1 && text.startsWith(BOM) ? text.slice(1) : text };
  };

  for await (const chunk of chunks) {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let from = 0;
    for (;;) {
      const at = bytes.indexOf(NEWLINE, from);
      if (at === -1) break;
      hold(bytes.subarray(from, at));
      from = at + 1;
      yield take(offset + from);
    }
    // A copy: the rest must not keep the whole chunk alive.
    hold(Buffer.from(bytes.subarray(from)));
    offset += bytes.length;
  }
  if (length > 0) yield take(offset);
}
