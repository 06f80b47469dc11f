import { type ErrorCategory, type ErrorSeverity, isErrorCategory, isSeverity } from '../error-table.ts';
import { messageTemplate } from '../message-template.ts';
import { cleanLine } from '../public-text.ts';
import { read, readString } from '../safe-read.ts';
import { framesOf } from '../stack-frames.ts';
import type { StructuredError } from '../structured-error.ts';
import type { ErrorSample } from './group.ts';

/** A copy of its own: a slice would keep alive the whole text it was cut from, and that may be a megabyte. */
const own = (text: string | undefined, limit: number): string =>
  text === undefined ? '' : Buffer.from(cleanLine(text.slice(0, limit), limit)).toString();

const call = (structured: StructuredError, method: 'toJSON' | 'toLogRecord'): unknown => {
  try {
    return structured[method]();
  } catch {
    // A structured error of another copy that fails here is shown without its text.
    return undefined;
  }
};

export const keyOf = (
  structured: StructuredError,
  groupBy: ((error: StructuredError) => string | undefined) | undefined,
): string => {
  let key: unknown;
  try {
    key = groupBy?.(structured);
  } catch {
    // The fingerprint is always there.
  }
  if (typeof key === 'string' && key !== '') return own(key, 128);
  const fingerprint = readString(structured, 'fingerprint', 128) ?? 'unknown';
  // Ours are of this length and no part of anything large.
  return fingerprint.length === 35 && fingerprint.startsWith('v1:') ? fingerprint : own(fingerprint, 128);
};

export const factsOf = (
  structured: StructuredError,
): { category: ErrorCategory; severity: ErrorSeverity; cancelled: boolean } => {
  const classification = read(structured, 'classification');
  const category = read(classification, 'category');
  const severity = read(classification, 'severity');
  return {
    category: isErrorCategory(category) ? category : 'UNKNOWN',
    severity: isSeverity(severity) ? severity : 'error',
    cancelled: read(classification, 'fault') === 'cancelled',
  };
};

/** Class and code, and where it was thrown; where no frame says that, the message's template. */
export const titleOf = (structured: StructuredError): string => {
  const record = call(structured, 'toLogRecord');
  const error = read(record, 'error');
  const code = readString(error, 'code', 64);
  const message = readString(error, 'message') ?? '';
  const head = `${readString(error, 'name', 64) ?? 'Error'}${code === undefined ? '' : ` ${code}`}`;
  const frames = framesOf({ stack: readString(record, 'stack', 8192), message });
  const frame = frames.find(({ module, file }) => module === '' && file !== '') ?? frames[0];
  if (frame === undefined) return own(`${head}: ${messageTemplate(message)}`, 300);
  const file = frame.file === '' ? frame.module : frame.file;
  return own(`${head} in ${frame.fn === '' ? file : `${frame.fn} (${file})`}`, 300);
};

export const sampleOf = (structured: StructuredError, at: number): ErrorSample => {
  const correlationId = readString(structured, 'correlationId', 128);
  return {
    at,
    id: own(readString(structured, 'id', 64), 64),
    ...(correlationId === undefined ? {} : { correlationId: own(correlationId, 128) }),
    message: own(readString(read(call(structured, 'toJSON'), 'error'), 'message'), 200),
  };
};
