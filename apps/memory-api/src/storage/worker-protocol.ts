import type { StoreOperation } from '../domain/memory-store.ts';

/** What goes over the thread boundary. Errors travel as plain fields: a clone would lose their `code`. */
export type ToWorker = { id: number; operation: StoreOperation | 'close'; args: readonly unknown[] };

export type FromWorker =
  | { kind: 'open' }
  | { kind: 'failed'; error: PlainError }
  | { kind: 'answer'; id: number; value: unknown }
  | { kind: 'error'; id: number; error: PlainError };

export interface PlainError {
  name: string;
  message: string;
  code: string | undefined;
  stack: string | undefined;
}

export const toPlain = (error: unknown): PlainError => {
  if (!(error instanceof Error))
    return { name: 'Error', message: String(error), code: undefined, stack: undefined };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return { name: error.name, message: error.message, code, stack: error.stack };
};

export const fromPlain = (plain: PlainError): Error => {
  const error = new Error(plain.message);
  Object.defineProperty(error, 'name', { value: plain.name, configurable: true });
  if (plain.stack !== undefined)
    Object.defineProperty(error, 'stack', { value: plain.stack, configurable: true });
  return plain.code === undefined ? error : Object.assign(error, { code: plain.code });
};
