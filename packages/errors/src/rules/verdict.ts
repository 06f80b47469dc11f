import {
  type ErrorCategory,
  type ErrorFault,
  type ErrorSeverity,
  errorTable,
  isErrorCategory,
  isErrorStatus,
  isFault,
  isSafety,
  isSeverity,
  isStatusCode,
  type RetrySafety,
  type StatusCode,
} from '../error-table.ts';
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

/**
 * Reads a verdict as the tables write it: the category, then what differs from its row in `errorTable`, in any order:
 * 'DATABASE UNAVAILABLE 503 not-sent dependency'.
 */
export const verdict = (text: string): Verdict => {
  const [category, ...words] = text.split(' ') as [ErrorCategory, ...string[]];
  const { statusCode, httpStatus, safety, severity, fault } = errorTable[category];
  const said: Record<string, unknown> = { category, statusCode, httpStatus, safety, severity, fault };
  for (const word of words) {
    if (isStatusCode(word)) said.statusCode = word;
    else if (isSafety(word)) said.safety = word;
    else if (isSeverity(word)) said.severity = word;
    else if (isFault(word)) said.fault = word;
    else said.httpStatus = +word;
  }
  return said as unknown as Verdict;
};

/** The verdict an object states: its category's, but for what it says otherwise and validly. */
export const statedVerdict = (value: unknown): Verdict | undefined => {
  const category = read(value, 'category');
  if (!isErrorCategory(category)) return undefined;
  const row = errorTable[category];
  const pick = <T>(key: string, is: (value: unknown) => value is T, otherwise: T): T => {
    const said = read(value, key);
    return is(said) ? said : otherwise;
  };
  const retryable = read(value, 'retryable');
  const safety = pick<RetrySafety>(
    'safety',
    isSafety,
    retryable === true && row.safety === 'never' ? 'idempotent-only' : row.safety,
  );
  return {
    category,
    statusCode: pick<StatusCode>('statusCode', isStatusCode, row.statusCode),
    httpStatus: pick<number>('httpStatus', isErrorStatus, row.httpStatus),
    severity: pick<ErrorSeverity>('severity', isSeverity, row.severity),
    fault: pick<ErrorFault>('fault', isFault, row.fault),
    safety: retryable === false ? 'never' : safety,
  };
};

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

/** Whether its class or its `name` is one of these. */
export const isNamed = ({ type, name }: Shape, names: RegExp): boolean =>
  names.test(type) || names.test(name);

export interface Rule {
  readonly name: string;
  readonly find: (shape: Shape) => Match | undefined;
}

export type Table = (key: string | number) => Match | undefined;

/**
 * A lookup table, one verdict a line: 'verdict: entry entry'. An entry that ends in `*` stands for all that begin so and
 * have no entry of their own; `weak` at the end of a verdict makes its entries weak ones.
 * Read when first asked; a Map, so 'constructor' is not in it.
 * @param label Stands before the entry in the evidence.
 */
export const table = (text: string, label = ''): Table => {
  const entries = new Map<string, Match>();
  const starts: string[] = [];
  return (key) => {
    if (entries.size === 0)
      for (const line of text.split('\n')) {
        const [said = '', keys = ''] = line.split(': ');
        const weak = said.endsWith(' weak');
        const read = verdict(said.replace(' weak', ''));
        for (const entry of keys.split(' ')) {
          entries.set(entry, { verdict: read, matched: label + entry, weak });
          if (entry.endsWith('*')) starts.push(entry.slice(0, -1));
        }
      }
    const word = `${key}`;
    const found = entries.get(word);
    if (found !== undefined || starts.length === 0) return found;
    return entries.get(`${starts.find((start) => word.startsWith(start))}*`);
  };
};
