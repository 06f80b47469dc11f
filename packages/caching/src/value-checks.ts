import { describe } from './describe.ts';

/** Refuses a forgotten `await`: memory would keep the promise, and a store an empty object. */
export const refusePromise = (value: unknown): void => {
  if (typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function')
    throw new TypeError('a value must not be a promise: await it first');
};

/** Refuses an answer of `memory.sizeOf` with which nothing would stay in memory, or any number of bytes. */
export const checkSize = (size: unknown, key: string): number => {
  if (typeof size === 'number' && size >= 0) return size;
  throw new TypeError(
    `memory.sizeOf must answer a number of bytes >= 0, got ${describe(size)} for ${JSON.stringify(key)}`,
  );
};
