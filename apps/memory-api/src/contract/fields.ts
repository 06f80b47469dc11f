import { z } from 'zod';
import { MEMORY_STATES } from '../domain/model.ts';

/** A memory is a statement, not a document; what is longer is refused with this number in the answer. */
const MAX_TEXT_CHARACTERS = 100_000;
const MAX_NAME_CHARACTERS = 256;
const MAX_METADATA_BYTES = 65_536;
/** Enough for any screen; more than SQLite takes as single values. */
const MAX_LIST = 10_000;

/** NUL ends a text for half the world's libraries, and a lone surrogate can not be stored as UTF-8. */
const storable = (text: string): boolean => !text.includes('\0') && text.isWellFormed();
const NOT_STORABLE = 'must not hold NUL or lone surrogates';

export const textField = z
  .string()
  .min(1, { abort: true })
  .max(MAX_TEXT_CHARACTERS, { abort: true })
  .refine(storable, NOT_STORABLE)
  .refine((text) => /[^\s\p{Cf}]/u.test(text), 'must hold more than white space');

const nameField = z
  .string()
  .min(1, { abort: true })
  .max(MAX_NAME_CHARACTERS)
  .refine(storable, NOT_STORABLE)
  .refine((name) => !/[\u0000-\u001f\u007f]/.test(name), 'must not hold control characters');

export const userIdField = nameField.describe('The name of the user, as the client gives it');
export const appNameField = nameField.describe('The name of the app that acts');
export const queryField = z.string().min(1).max(10_000).refine(storable, NOT_STORABLE);
export const substringField = z.string().max(10_000).refine(storable, NOT_STORABLE);
export const categoryNameField = nameField;
export const idField = z.uuid().toLowerCase();
export const idList = z.array(idField).max(MAX_LIST);
export const stateField = z.enum(MEMORY_STATES);

/** Deeper than anybody means it, and far below what would end a stack. */
const MAX_DEPTH = 32;

/** Whether a value that came as JSON is nested at most so deep. Without recursion: the value is the caller's. */
export const isShallow = (value: unknown, maxDepth: number = MAX_DEPTH): boolean => {
  let level = [value];
  for (let depth = 0; level.length > 0; depth++) {
    level = level
      .filter((one) => typeof one === 'object' && one !== null)
      .flatMap((one) => Object.values(one as object));
    if (depth >= maxDepth && level.length > 0) return false;
  }
  return true;
};

/** Keys and values at every depth; the depth has been checked. */
const storableDeep = (value: unknown): boolean => {
  if (typeof value === 'string') return storable(value);
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(([key, inner]) => storable(key) && storableDeep(inner));
};

export const metadataField = z
  .record(z.string(), z.unknown())
  .refine((metadata) => isShallow(metadata), {
    error: `must be nested at most ${MAX_DEPTH} levels deep`,
    abort: true,
  })
  .refine(storableDeep, NOT_STORABLE)
  .refine(
    (metadata) => Buffer.byteLength(JSON.stringify(metadata)) <= MAX_METADATA_BYTES,
    `must be at most ${MAX_METADATA_BYTES} bytes of JSON`,
  );

/** Up to the year 9999. */
export const MAX_EPOCH_SECONDS = 253_402_300_799;
export const epochSeconds = z.int().min(0).max(MAX_EPOCH_SECONDS);

/** The same in a query string, where everything is text. */
export const intParam = (min: number, max: number): z.ZodCoercedNumber<string> =>
  z.coerce.number<string>().int().min(min).max(max);

export const MAX_PAGE = 1_000_000;

/** A range of whole seconds as milliseconds, both ends in it. */
export const toRangeMs = (range: {
  from_date?: number | null | undefined;
  to_date?: number | null | undefined;
}): { from: number | undefined; to: number | undefined } => ({
  from: typeof range.from_date === 'number' ? range.from_date * 1000 : undefined,
  to: typeof range.to_date === 'number' ? range.to_date * 1000 + 999 : undefined,
});

/** Seconds, as a number: the UI multiplies by 1,000. */
export const toEpochSeconds = (ms: number): number => Math.floor(ms / 1000);
/** ISO without a zone: the UI appends the "Z" itself, and a second one gives an invalid date. */
export const toZonelessIso = (ms: number): string => new Date(ms).toISOString().slice(0, -1);
export const toIso = (ms: number): string => new Date(ms).toISOString();
