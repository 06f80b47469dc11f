import type { AppError, AppErrorOptions } from './app-error.ts';
import { classOf } from './error-classes.ts';
import {
  type ErrorCategory,
  type ErrorSeverity,
  isErrorCategory,
  isErrorStatus,
  isPublicCode,
  isSafety,
  isSeverity,
  type RetrySafety,
} from './error-table.ts';
import { type PublicScalar, renderPublicText } from './public-text.ts';

/** One code of your own. */
export interface ErrorDefinition {
  category: ErrorCategory;
  /** Public text; `{name}` places become typed parameters of the factory. */
  message: string;
  /** Key of the text in catalogues of other languages. Default: the code. */
  i18nKey?: string | undefined;
  /** 400 to 599. Default: the category's. */
  httpStatus?: number | undefined;
  /** Default: the category's. */
  severity?: ErrorSeverity | undefined;
  retryable?: boolean | undefined;
  safety?: RetrySafety | undefined;
}

type Names<T extends string> = T extends `${string}{${infer Name}}${infer Rest}` ? Name | Names<Rest> : never;
type Params<T extends string> = { readonly [K in Names<T>]: PublicScalar };

/** What may be added to one error of a defined code. */
export type DefinedErrorOptions = Pick<AppErrorOptions, 'cause' | 'details' | 'violations' | 'retryAfterMs'>;

/** Makes an error of one code; its parameters are the `{name}` places of the message. */
export interface ErrorFactory<Code extends string, D extends ErrorDefinition> {
  (
    ...args: [Names<D['message']>] extends [never]
      ? [params?: Record<string, never>, options?: DefinedErrorOptions]
      : [params: Params<D['message']>, options?: DefinedErrorOptions]
  ): InstanceType<(typeof classOf)[D['category']]> & { readonly code: Code };
  /** The code itself, to compare with. */
  readonly code: Code;
}

const check = (code: string, definition: ErrorDefinition): void => {
  if (!isPublicCode(code))
    throw new TypeError(`an error code must be UPPER_SNAKE of 2 to 63 characters, got ${code}`);
  const must = (field: keyof ErrorDefinition, holds: (value: unknown) => boolean, expected: string): void => {
    const value = definition[field];
    if (!holds(value)) throw new TypeError(`${code}.${field} must be ${expected}, got ${String(value)}`);
  };
  const may = (field: keyof ErrorDefinition, holds: (value: unknown) => boolean, expected: string): void =>
    must(field, (value) => value === undefined || holds(value), expected);
  must('category', isErrorCategory, 'a category of errorTable');
  must('message', (value) => typeof value === 'string' && value !== '', 'a non-empty string');
  may('httpStatus', isErrorStatus, 'an integer from 400 to 599');
  may('severity', isSeverity, 'a severity');
  may('safety', isSafety, 'a retry safety');
};

/**
 * Your own codes, each a typed factory: `errors.USER_NOT_FOUND({ userId }, { cause })` makes an error of the category's class.
 * The message is public text and so are the parameters; put what only logs may see into `details`.
 * @throws TypeError naming the code and the field when a definition does not hold.
 */
export const defineErrors = <const T extends Readonly<Record<string, ErrorDefinition>>>(
  definitions: T,
): { readonly [Code in keyof T & string]: ErrorFactory<Code, T[Code]> } => {
  const factories: Record<string, unknown> = Object.create(null);
  for (const [code, definition] of Object.entries(definitions)) {
    check(code, definition);
    const { category, message, ...defaults } = definition;
    const make = (params?: Record<string, PublicScalar>, options: DefinedErrorOptions = {}): AppError => {
      const error = new classOf[category](renderPublicText(message, params), {
        ...defaults,
        ...options,
        category,
        code,
        params,
        userMessage: message,
      } as AppErrorOptions);
      // The stack begins where the factory was called: that is what tells two faults of one code apart.
      Error.captureStackTrace(error, make);
      return error;
    };
    factories[code] = Object.freeze(Object.assign(make, { code }));
  }
  return Object.freeze(factories) as { readonly [Code in keyof T & string]: ErrorFactory<Code, T[Code]> };
};
