import { isUtf8 } from 'node:buffer';
import { type FileHandle, open } from 'node:fs/promises';
import { extname } from 'node:path';
import { failureOf, printable } from '../server/connection.ts';
import { type Line, linesOf, MAX_LINE_BYTES } from './lines.ts';
import { type RecordOrProblem, recordOf } from './record.ts';

/** A file that can not be read as a whole; the text names it and says why. */
export class FileError extends Error {
  static {
    Object.defineProperty(FileError.prototype, 'name', { value: 'FileError' });
  }
  readonly code = 'FILE_UNUSABLE';
}

/** A memory of the file, or why one is none, and where. `done` counts in the unit of {@link Source.total}. */
export type Item = RecordOrProblem & { at: string; done: number };

export interface Source {
  unit: 'bytes' | 'records';
  /** Undefined for what has no size, such as a pipe. */
  total: number | undefined;
  /** To be walked once. @throws FileError when reading fails on the way. */
  items: AsyncGenerator<Item, void, undefined>;
  close(): Promise<void>;
}

/** A JSON file is parsed as one value, so it must fit into memory. */
const MAX_JSON_BYTES = 256 * 1024 * 1024;
const CHUNK_BYTES = 64 * 1024;
const LISTS = ['memories', 'items', 'results', 'data'] as const;
const LINE_PROBLEMS = {
  LINE_TOO_LONG: `is longer than ${MAX_LINE_BYTES} bytes`,
  NOT_UTF8: 'is not UTF-8',
} as const;

/**
 * Opens a file of memories: `.json`, `.jsonl` or `.ndjson` by its name, everything else as text.
 * @param options.paragraphs Of a text: a memory is what stands between blank lines, not each line.
 * @throws FileError when the file can not be opened, is binary, or is a JSON file without a list of memories.
 */
export const openRecords = async (path: string, options: { paragraphs: boolean }): Promise<Source> => {
  const name = printable(path);
  const handle = await open(path, 'r').catch((error: unknown) => {
    throw new FileError(`${name} ${openProblem(error)}`, { cause: error });
  });
  const close = (): Promise<void> => handle.close();
  try {
    const stat = await handle.stat();
    if (stat.isDirectory()) throw new FileError(`${name} is a directory; name one file`);
    const chunks = chunksOf(handle, name);
    const kind = extname(path).toLowerCase();
    if (kind === '.json') {
      const list = listOf(await wholeOf(chunks, name), name);
      return { unit: 'records', total: list.length, items: ofList(list), close };
    }
    // Looked at before anything is sent.
    const first = await chunks.next();
    if (!first.done) refuseBinary(first.value, name);
    const lines = linesOf(startingWith(first, chunks));
    const items =
      kind === '.jsonl' || kind === '.ndjson'
        ? ofJsonLines(lines)
        : options.paragraphs
          ? ofParagraphs(lines)
          : ofTextLines(lines);
    return { unit: 'bytes', total: stat.isFile() ? stat.size : undefined, items, close };
  } catch (error) {
    await close();
    throw error;
  }
};

const openProblem = (error: unknown): string => {
  const reason = failureOf(error);
  if (reason === 'ENOENT') return 'does not exist';
  return `can not be opened (${reason})`;
};

async function* chunksOf(handle: FileHandle, name: string): AsyncGenerator<Buffer, void, undefined> {
  try {
    for (;;) {
      const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES, null);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } catch (error) {
    throw new FileError(`${name} can not be read (${failureOf(error)})`, { cause: error });
  }
}

async function* startingWith(
  first: IteratorResult<Buffer, void>,
  rest: AsyncGenerator<Buffer, void, undefined>,
): AsyncGenerator<Buffer, void, undefined> {
  if (first.done) return;
  yield first.value;
  yield* rest;
}

const refuseBinary = (bytes: Buffer, name: string): void => {
  if (bytes.includes(0))
    throw new FileError(
      `${name} is not a text file in UTF-8: it holds NUL bytes (binary, compressed or UTF-16)`,
    );
};

const wholeOf = async (chunks: AsyncIterable<Buffer>, name: string): Promise<string> => {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of chunks) {
    length += piece.length;
    if (length > MAX_JSON_BYTES)
      throw new FileError(
        `${name} is larger than ${MAX_JSON_BYTES} bytes, the most for one JSON value; make it JSONL, one memory a line`,
      );
    pieces.push(piece);
  }
  const bytes = Buffer.concat(pieces);
  refuseBinary(bytes, name);
  if (!isUtf8(bytes)) throw new FileError(`${name} is not UTF-8`);
  return bytes.toString('utf8').replace(/^\ufeff/, '');
};

const listOf = (text: string, name: string): unknown[] => {
  if (text.trim() === '') return [];
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new FileError(`${name} is not valid JSON: ${printable((error as Error).message)}`, {
      cause: error,
    });
  }
  if (Array.isArray(value)) return value;
  const held = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  const lists = LISTS.filter((each) => Array.isArray(held[each]));
  if (lists.length !== 1)
    throw new FileError(
      `${name} must hold an array, or an object with one array named ${LISTS.join(', ')}; it has ${lists.length === 0 ? 'none' : lists.join(' and ')}`,
    );
  return held[lists[0]!] as unknown[];
};

async function* ofList(list: readonly unknown[]): AsyncGenerator<Item, void, undefined> {
  for (const [index, value] of list.entries())
    yield { ...recordOf(value), at: `record ${index + 1}`, done: index + 1 };
}

type Lines = AsyncGenerator<Line, void, undefined>;

const placeOf = ({ line, end }: Line): { at: string; done: number } => ({ at: `line ${line}`, done: end });

const problemOf = (line: Line & { problem: keyof typeof LINE_PROBLEMS }): Item => ({
  problem: { code: line.problem, message: LINE_PROBLEMS[line.problem] },
  ...placeOf(line),
});

const jsonLine = (text: string): RecordOrProblem => {
  try {
    return recordOf(JSON.parse(text));
  } catch (error) {
    return { problem: { code: 'JSON_INVALID', message: printable((error as Error).message) } };
  }
};

async function* ofJsonLines(lines: Lines): AsyncGenerator<Item, void, undefined> {
  for await (const line of lines) {
    if ('problem' in line) yield problemOf(line);
    else if (line.text.trim() !== '') yield { ...jsonLine(line.text), ...placeOf(line) };
  }
}

async function* ofTextLines(lines: Lines): AsyncGenerator<Item, void, undefined> {
  for await (const line of lines) {
    if ('problem' in line) yield problemOf(line);
    else if (line.text.trim() !== '') yield { ...recordOf(line.text.trim()), ...placeOf(line) };
  }
}

/** A paragraph bears the number of its first line; one that a line spoils, or that is too long, is a problem as a whole. */
async function* ofParagraphs(lines: Lines): AsyncGenerator<Item, void, undefined> {
  let texts: string[] = [];
  let characters = 0;
  let first: Line | undefined;
  let spoilt: keyof typeof LINE_PROBLEMS | undefined;
  let end = 0;
  const take = function* (): Generator<Item, void, undefined> {
    if (first !== undefined) {
      const place = { at: `line ${first.line}`, done: end };
      yield spoilt === undefined
        ? { ...recordOf(texts.join('\n').trim()), ...place }
        : { problem: { code: spoilt, message: LINE_PROBLEMS[spoilt] }, ...place };
    }
    texts = [];
    characters = 0;
    first = spoilt = undefined;
  };
  for await (const line of lines) {
    if ('text' in line && line.text.trim() === '') {
      yield* take();
      continue;
    }
    first ??= line;
    end = line.end;
    if ('problem' in line) spoilt ??= line.problem;
    else {
      characters += line.text.length;
      texts.push(line.text.trimEnd());
      if (characters > MAX_LINE_BYTES) spoilt ??= 'LINE_TOO_LONG';
    }
    if (spoilt !== undefined) texts = [];
  }
  yield* take();
}
