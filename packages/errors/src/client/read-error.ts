import { isObject, read, readNumber } from '../safe-read.ts';
import { type Answer, type ErrorView, type ErrorViewOptions, toErrorView, viewOf } from './error-view.ts';

/** The two functions of the platform; a test hands in its own. */
export interface Timers {
  setTimeout(fn: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
}

export const platformTimers: Timers = {
  setTimeout: (fn, ms) => setTimeout(fn, ms),
  clearTimeout: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
};

export interface ReadErrorOptions extends ErrorViewOptions {
  /** Longest body that is read, in bytes. Default 65,536; a longer one counts as none. */
  maxBodyBytes?: number | undefined;
  /** Longest wait for the body. Default 5,000; then it counts as none. */
  bodyTimeoutMs?: number | undefined;
  /** Default: the platform's. */
  timers?: Timers | undefined;
}

type Body = ReadableStreamDefaultReader<Uint8Array>;

const chunks = async (reader: Body, maxBytes: number): Promise<string | undefined> => {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    bytes += value.byteLength;
    if (bytes > maxBytes) return undefined;
    text += decoder.decode(value, { stream: true });
  }
};

const parsed = (text: unknown): unknown => {
  try {
    return typeof text === 'string' ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
};

const bodyOf = async (response: Response, options: ReadErrorOptions): Promise<unknown> => {
  const { maxBodyBytes = 65_536, bodyTimeoutMs = 5_000, timers = platformTimers } = options;
  let reader: Body | undefined;
  let timer: unknown;
  try {
    // Some platforms (React Native) have no stream to read.
    reader = response.body?.getReader?.() as Body | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = timers.setTimeout(() => resolve(undefined), bodyTimeoutMs);
    });
    const text = await Promise.race([reader ? chunks(reader, maxBodyBytes) : response.text(), late]);
    return typeof text === 'string' && text.length <= maxBodyBytes ? parsed(text) : undefined;
  } catch {
    return undefined;
  } finally {
    timers.clearTimeout(timer);
    // Whatever is left of it is not wanted; a cancel that fails changes nothing.
    Promise.resolve()
      .then(() => reader?.cancel())
      .catch(() => {});
  }
};

const isResponse = (value: unknown): value is Response =>
  isObject(value) && typeof read(value, 'text') === 'function' && (readNumber(value, 'status') ?? 0) > 0;

/**
 * What to show of whatever a call ended with: a `Response` that is not ok (its body is read, bounded in size and time),
 * an error thrown by fetch or by a client library (with the `Response` it carries), or a body parsed already.
 * Always resolves.
 */
export const readError = async (input: unknown, options: ReadErrorOptions = {}): Promise<ErrorView> => {
  const response = [input, read(input, 'response')].find(isResponse);
  if (response === undefined) return toErrorView(input, options);
  return viewOf(await bodyOf(response, options), response as Answer, options);
};
