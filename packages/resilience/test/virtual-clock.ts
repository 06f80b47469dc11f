export { settle, VirtualClock } from '../src/testing.ts';

/** The outcome of a promise, so that a test may look at it before it has settled. */
export const outcomeOf = <T>(promise: Promise<T>): { status: string; value?: T; error?: unknown } => {
  const outcome: { status: string; value?: T; error?: unknown } = { status: 'pending' };
  promise.then(
    (value) => Object.assign(outcome, { status: 'resolved', value }),
    (error: unknown) => Object.assign(outcome, { status: 'rejected', error }),
  );
  return outcome;
};

/** A promise that the test settles. */
export const deferred = <T>(): PromiseWithResolvers<T> => {
  let resolve!: (value: T | PromiseLike<T>) => void;
  let reject!: (error?: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
};
