import type winston from 'winston';
import type { Logger } from './logger.ts';

/**
 * The method of one level. All orders of arguments are understood: `(message)`, `(message, fields)`, `(message, error)`,
 * `(message, error, fields)`, `(fields, message)`, `(fields)`, `(error)`, `(error, message)`, `(error, fields)`,
 * `('%s of %d', 'x', 2)`. It never throws.
 */
export interface LevelMethod {
  (message: string, ...fieldsErrorsOrArguments: unknown[]): Logger;
  /** What is caught is of type unknown: an error, whatever the compiler knows of it, may come first. */
  (errorOrFields: unknown, ...messageFieldsOrErrors: unknown[]): Logger;
}

/** As the method of that level; a level that is none of winston's npm levels is kept at `info`. */
export interface LogMethod {
  (level: string, ...args: [message: unknown, ...rest: unknown[]]): Logger;
  (entry: winston.LogEntry): Logger;
}
