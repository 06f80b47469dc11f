/** Refuses a forgotten `await`: memory would keep the promise, and a store an empty object. */
export const refusePromise = (value: unknown): void => {
  if (typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function')
    throw new TypeError('a value must not be a promise: await it first');
};
