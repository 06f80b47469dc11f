import type { ErrorCategory, ErrorFault, ErrorSeverity, RetrySafety, StatusCode } from '../error-table.ts';
import { constructorName, read, readString } from '../safe-read.ts';

/** What a rule says. The three codes are set apart on purpose: none follows from another. */
export interface Verdict {
  readonly category: ErrorCategory;
  readonly statusCode: StatusCode;
  readonly httpStatus: number;
  readonly safety: RetrySafety;
  readonly severity: ErrorSeverity;
  readonly fault: ErrorFault;
  readonly afterMs?: number | undefined;
}

export const verdict = (
  category: ErrorCategory,
  statusCode: StatusCode,
  httpStatus: number,
  safety: RetrySafety = 'never',
  severity: ErrorSeverity = 'error',
  fault: ErrorFault = 'dependency',
): Verdict => ({ category, statusCode, httpStatus, safety, severity, fault });

/** One thrown value, its most asked-for properties read once. */
export interface Shape {
  readonly value: object;
  /** Constructor's name: right where `name` is the plain 'Error'. */
  readonly type: string;
  readonly name: string;
  readonly code: string | number | undefined;
}

export const shapeOf = (value: object): Shape => {
  const code = read(value, 'code');
  return {
    value,
    type: constructorName(value),
    name: readString(value, 'name', 128) ?? '',
    code: typeof code === 'string' ? code.slice(0, 128) : typeof code === 'number' ? code : undefined,
  };
};

/** A rule's answer. `weak`: it holds only if nothing that caused this error says more. */
export interface Match {
  readonly verdict: Verdict;
  /** The entry of the rule's table that matched; never text of the error's own. */
  readonly matched: string;
  readonly weak?: boolean;
}

export interface Rule {
  readonly name: string;
  readonly find: (shape: Shape) => Match | undefined;
}

export type Table<K = string> = ReadonlyMap<K, Verdict>;

/** A lookup table in which several keys share a verdict. A Map: 'constructor' is not in it. */
export const table = <K extends string | number>(...rows: [Verdict, ...K[]][]): Table<K> =>
  new Map(rows.flatMap(([said, ...keys]) => keys.map((key) => [key, said] as const)));

export const hit = (said: Verdict | undefined, matched: string | number, weak = false): Match | undefined =>
  said && { verdict: said, matched: String(matched), weak };
