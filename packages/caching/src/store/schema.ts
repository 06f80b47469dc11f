import { describe } from '../describe.ts';
import { StoreError } from '../errors.ts';
import type { StoredRecord } from './envelope.ts';

/** The version of the shape of values, and how older ones are brought up to it. */
export interface SchemaSettings {
  version: number;
  upgrade: ((value: unknown, from: number) => unknown) | undefined;
}

interface Judge {
  schema: SchemaSettings | undefined;
  onFailure: (operation: 'get', error: StoreError, key: undefined) => void;
}

/**
 * Is this record of the current shape? An older value is brought up to date where the application can, in place; a newer
 * one is left alone. What does not fit is a miss.
 */
export const fits = <V>(record: StoredRecord<V>, { schema, onFailure }: Judge): boolean => {
  const { version = 0, upgrade } = schema ?? {};
  const from = record.schema ?? 0;
  if (from === version) return true;
  if (from > version || upgrade === undefined) return false;
  try {
    record.value = upgrade(record.value, from) as V;
    record.schema = version;
    return record.value !== undefined;
  } catch (error) {
    const text = `schema.upgrade failed for a value of version ${from}: ${describe(error)}`;
    onFailure('get', new StoreError(text, 'CACHE_STORE_CORRUPT', error), undefined);
    return false;
  }
};
