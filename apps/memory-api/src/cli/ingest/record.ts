/** A memory as a file gives it; what is missing comes from the flags. */
export interface MemoryRecord {
  text: string;
  metadata: Record<string, unknown>;
  app?: string | undefined;
  userId?: string | undefined;
  /** The file's own name for it: the same id is the same memory, whatever its text. */
  id?: string | undefined;
}

/** Why a value of a file is no memory. */
export interface RecordProblem {
  code: 'RECORD_INVALID' | 'JSON_INVALID' | 'LINE_TOO_LONG' | 'NOT_UTF8';
  message: string;
}

export type RecordOrProblem = { record: MemoryRecord } | { problem: RecordProblem };

const invalid = (message: string): RecordOrProblem => ({ problem: { code: 'RECORD_INVALID', message } });

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The first of these names that holds something. */
const pick = (from: Record<string, unknown>, names: readonly string[]): { name: string; value: unknown } => {
  const name = names.find((each) => from[each] !== undefined && from[each] !== null) ?? names[0]!;
  return { name, value: from[name] ?? undefined };
};

/**
 * Reads a value of a JSON or JSONL file: a string, or an object with `text` (or `content`, `memory`) and perhaps
 * `metadata`, `app`, `user_id`, `id`. `metadata_` and `app_name`, as the API's own lists spell them, count too.
 */
export const recordOf = (value: unknown): RecordOrProblem => {
  if (typeof value === 'string') return { record: { text: value, metadata: {} } };
  if (!isObject(value)) return invalid('must be a string or an object with text, content or memory');
  const text = pick(value, ['text', 'content', 'memory']);
  if (text.value === undefined) return invalid('holds none of text, content and memory');
  if (typeof text.value !== 'string') return invalid(`${text.name} must be a string`);
  const metadata = pick(value, ['metadata', 'metadata_']);
  if (metadata.value !== undefined && !isObject(metadata.value))
    return invalid(`${metadata.name} must be an object`);
  const app = pick(value, ['app', 'app_name']);
  if (app.value !== undefined && typeof app.value !== 'string')
    return invalid(`${app.name} must be a string`);
  const userId = pick(value, ['user_id']);
  if (userId.value !== undefined && typeof userId.value !== 'string')
    return invalid('user_id must be a string');
  const id = pick(value, ['id']).value;
  if (id !== undefined && (typeof id !== 'string' || id === '') && typeof id !== 'number')
    return invalid('id must be a number or a string that is not empty');
  return {
    record: {
      text: text.value,
      metadata: metadata.value ?? {},
      app: app.value,
      userId: userId.value,
      id: id === undefined ? undefined : String(id),
    },
  };
};
