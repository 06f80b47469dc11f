export type StartupCode =
  | 'DATA_DIR_NOT_WRITABLE'
  | 'DATA_DIR_IN_USE'
  | 'DATABASE_DAMAGED'
  | 'DATABASE_TOO_NEW'
  | 'DATABASE_UNAVAILABLE';

/** Why the store can not be opened, in words an operator can act on. */
export class StartupError extends Error {
  static {
    // On the prototype: right in the stack, and no field of its own.
    Object.defineProperty(StartupError.prototype, 'name', { value: 'StartupError' });
  }
  readonly code: StartupCode;
  constructor(code: StartupCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
