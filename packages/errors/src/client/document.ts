import type { FieldViolation } from '../field-violation.ts';
import { cleanLine } from '../public-text.ts';
import { read, readList, readNumber, readString } from '../safe-read.ts';

/** What a body says, every member checked; one that is missing or of a wrong type is not there. */
export interface Said {
  message: string | undefined;
  code: string | undefined;
  category: string | undefined;
  status: number | undefined;
  retryable: boolean | undefined;
  retryAfterMs: number | undefined;
  requestId: string | undefined;
  fields: Record<string, FieldViolation[]>;
}

const maxFields = 100;
const maxPath = 512;

const line = (value: unknown, key: string, limit: number): string | undefined => {
  const text = cleanLine(readString(value, key, limit + 1) ?? '', limit).trim();
  return text === '' ? undefined : text;
};

const codeIn = (value: unknown): string | undefined => {
  const code = readString(value, 'code', 65)?.toUpperCase();
  return code !== undefined && /^[A-Z][A-Z0-9_]{1,62}$/.test(code) ? code : undefined;
};

/** `loc` of a FastAPI-style finding: the first step says where the input was, the rest is the path in it. */
const fromLoc = (one: unknown): string =>
  readList(read(one, 'loc'), 32)
    .slice(1)
    .map(
      (step) =>
        `/${String(Object(step) === step ? '' : step)
          .replace(/~/g, '~0')
          .replace(/\//g, '~1')}`,
    )
    .join('');

const scalars = (params: unknown): FieldViolation['params'] => {
  const kept: Record<string, string | number | boolean> = Object.create(null);
  try {
    for (const key of Object.keys(Object(params)).slice(0, 8)) {
      const value = read(params, key);
      if (key === '__proto__') continue;
      if (typeof value === 'string') kept[cleanLine(key, 64)] = cleanLine(value, 100);
      else if (typeof value === 'number' || typeof value === 'boolean') kept[cleanLine(key, 64)] = value;
    }
  } catch {
    return undefined;
  }
  return Object.keys(kept).length === 0 ? undefined : kept;
};

/** Ours as `violations`, RFC 9457's as `errors` with `pointer` and `detail`, FastAPI's as `detail` with `loc` and `msg`. */
const fieldsIn = (body: unknown): Said['fields'] => {
  const fields: Said['fields'] = Object.create(null);
  for (const key of ['violations', 'errors', 'detail'])
    for (const one of readList(read(body, key), maxFields)) {
      const pointer = readString(one, 'path', maxPath) ?? readString(one, 'pointer', maxPath);
      const path = cleanLine(pointer?.replace(/^#/, '') ?? fromLoc(one), maxPath);
      const message = line(one, 'message', 500) ?? line(one, 'detail', 500) ?? line(one, 'msg', 500);
      if (message === undefined || (path !== '' && !path.startsWith('/'))) continue;
      const params = scalars(read(one, 'params'));
      const found = { path, code: codeIn(one) ?? 'INVALID', message, ...(params && { params }) };
      fields[path] = [...(fields[path] ?? []), found];
    }
  return fields;
};

/** Reads our JSON body (`{error: {…}}`), a problem document (RFC 9457) or a `detail` body; anything else says nothing. */
export const readDocument = (document: unknown): Said => {
  const inner = read(document, 'error');
  const body = codeIn(inner) === undefined ? document : inner;
  const retryable = read(body, 'retryable');
  const wait = readNumber(body, 'retryAfterMs');
  return {
    message:
      (body === inner ? line(body, 'message', 1000) : line(body, 'detail', 1000)) ??
      line(body, 'title', 1000),
    code: codeIn(body),
    category: readString(body, 'category', 32),
    status: readNumber(body, 'status'),
    retryable: typeof retryable === 'boolean' ? retryable : undefined,
    retryAfterMs: wait !== undefined && wait >= 0 ? wait : undefined,
    requestId: line(body, 'requestId', 128) ?? line(body, 'request_id', 128),
    fields: fieldsIn(body),
  };
};
