import {
  type ErrorCategory,
  type ErrorFault,
  type ErrorSeverity,
  isErrorCategory,
  type RetrySafety,
  type StatusCode,
} from './error-table.ts';
import type { Match } from './rules/verdict.ts';
import { read, readNumber } from './safe-read.ts';
import { statedVerdict } from './stated-verdict.ts';

/** What a rule of your own says about an error. Whatever is left out comes from the category. */
export interface ClassifierVerdict {
  category: ErrorCategory;
  statusCode?: StatusCode | undefined;
  /** 400 to 599. */
  httpStatus?: number | undefined;
  severity?: ErrorSeverity | undefined;
  fault?: ErrorFault | undefined;
  retryable?: boolean | undefined;
  safety?: RetrySafety | undefined;
  /** Milliseconds. */
  afterMs?: number | undefined;
}

/** Looks at one error of the chain; undefined leaves it to the next rule. A rule that throws is passed over. */
export type ClassifierRule = (error: unknown) => ClassifierVerdict | undefined;

interface Entry {
  rule: ClassifierRule;
  name: string;
  priority: number;
}

let entries: readonly Entry[] = [];

/**
 * Teaches `classify` a library of your own; applies to every error of a chain. Returns the function that takes it back.
 * @param options.priority Higher is asked first. 0 and above go before the built-in rules, below 0 after them. Default 0.
 * @param options.name Stands in the evidence. Default: the function's name, else 'custom'.
 * @throws TypeError when the rule is not a function or the priority not a finite number.
 */
export const registerClassifier = (
  rule: ClassifierRule,
  options: { priority?: number | undefined; name?: string | undefined } = {},
): (() => void) => {
  const { priority = 0, name = rule?.name || 'custom' } = options;
  if (typeof rule !== 'function') throw new TypeError(`rule must be a function, got ${typeof rule}`);
  if (!Number.isFinite(priority))
    throw new TypeError(`priority must be a finite number, got ${String(priority)}`);
  const entry = { rule, name, priority };
  entries = [...entries, entry].sort((a, b) => b.priority - a.priority);
  return () => {
    entries = entries.filter((one) => one !== entry);
  };
};

/** Asks the registered rules of one side of the built-in ones. */
export const registeredMatch = (error: unknown, before: boolean): Match | undefined => {
  for (const { rule, name, priority } of entries) {
    if (priority >= 0 !== before) continue;
    try {
      const said = rule(error);
      const category = read(said, 'category');
      if (!isErrorCategory(category)) continue;
      const verdict = { ...statedVerdict(said, category), afterMs: readNumber(said, 'afterMs') };
      return { matched: name, verdict };
    } catch {
      // A rule that fails on a value does not know it.
    }
  }
  return undefined;
};
