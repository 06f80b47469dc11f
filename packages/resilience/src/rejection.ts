/**
 * Marks an error of ours that says "the call was not made". By a shared symbol, so that two copies of this package
 * understand each other; the classes that extend cockatiel's rejections have its guards instead.
 */
export const REJECTION: unique symbol = Symbol.for('agent4.resilience.rejection') as never;

export const isMarkedRejection = (error: unknown): boolean => error instanceof Error && REJECTION in error;
