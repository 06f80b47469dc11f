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
  const demand = (holds: boolean, name: string, expected: string, got: unknown): void => {
    if (!holds) throw new TypeError(`${name} must be ${expected}, got ${String(got)}`);
  };
  const { category, message, httpStatus, severity, safety } = definition;
  demand(isPublicCode(code), 'an error code', 'UPPER_SNAKE of 2 to 63 characters', code);
  demand(isErrorCategory(category), `${code}.category`, 'a category of errorTable', category);
  demand(typeof message === 'string' && message !== '', `${code}.message`, 'a non-empty string', message);
  demand(
    httpStatus === undefined || isErrorStatus(httpStatus),
    `${code}.httpStatus`,
    'an integer from 400 to 599',
    httpStatus,
  );
  demand(severity === undefined || isSeverity(severity), `${code}.severity`, 'a severity', severity);
  demand(safety === undefined || isSafety(safety), `${code}.safety`, 'a retry safety', safety);
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
