import {
  type ErrorCategory,
  errorTable,
  isFault,
  isSafety,
  isSeverity,
  isStatusCode,
} from '../error-table.ts';
import { constructorName, read, readString } from '../safe-read.ts';
import type { Verdict } from '../stated-verdict.ts';

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
export const isNamed = ({ type, name }: Shape, names: string | RegExp): boolean =>
  typeof names === 'string' ? type === names || name === names : names.test(type) || names.test(name);

export interface Rule {
  readonly name: string;
  readonly find: (shape: Shape) => Match | undefined;
  /** Whether it can say something of an error that has nothing but what the engine and Node put there. */
  readonly onBare?: boolean;
}

export type Table = (key: string | number | undefined) => Match | undefined;

/**
 * A lookup table, one verdict a line: 'verdict: entry entry'. An entry that ends in `*` stands for all that begin so and
 * have no entry of their own; `weak` at the end of a verdict makes its entries weak ones.
 * Read when first asked; a Map, so 'constructor' is not in it.
 * @param label Stands before the entry in the evidence.
 */
export const table = (text: string, label = ''): Table => {
  const entries = new Map<string, Match>();
  const starts: [start: string, match: Match][] = [];
  return (key) => {
    if (entries.size === 0)
      for (const line of text.split('\n')) {
        const [said = '', keys = ''] = line.split(': ');
        const weak = said.endsWith(' weak');
        const read = verdict(said.replace(' weak', ''));
        for (const entry of keys.split(' ')) {
          const match = { verdict: read, matched: label + entry, weak };
          if (entry.endsWith('*')) starts.push([entry.slice(0, -1), match]);
          else entries.set(entry, match);
        }
      }
    const word = `${key}`;
    return entries.get(word) ?? starts.find(([start]) => word.startsWith(start))?.[1];
  };
};
