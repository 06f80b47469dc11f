import { isAppError } from './app-error.ts';
import { isBare } from './bare-error.ts';
import { registeredMatch } from './classifier-registry.ts';
import { clockOf } from './clock.ts';
import {
  type ErrorCategory,
  type ErrorFault,
  type ErrorSeverity,
  errorTable,
  isErrorCategory,
  isSafety,
  type RetrySafety,
  type StatusCode,
} from './error-table.ts';
import { defaultMaxRetryAfterMs, retryAfterOf } from './retry-after.ts';
import { bareRules, builtinRules } from './rules/builtin-rules.ts';
import { kinds } from './rules/tables.ts';
import { type Match, shapeOf, verdict } from './rules/verdict.ts';
import { causeLinks, isObject, read, readList, readString } from './safe-read.ts';
import { statedVerdict } from './stated-verdict.ts';

/** Whether and when the same call may be made again. Satisfies the verdict that retry policies take. */
export interface RetryVerdict {
  retryable: boolean;
  safety: RetrySafety;
  /** Earliest time of the next call, in milliseconds from now; only when the error says so. */
  afterMs?: number;
}

export interface Classification {
  category: ErrorCategory;
  /** One of the 16 gRPC names: what happened. */
  statusCode: StatusCode;
  /** What to answer our own caller, 400 to 599. */
  httpStatus: number;
  severity: ErrorSeverity;
  retry: RetryVerdict;
  fault: ErrorFault;
  /** Which rule decided, the entry of its table that matched, and where in the chain. */
  evidence: { rule: string; matched: string; at: string };
}

export interface ClassifyOptions {
  /** Clock for `Retry-After` dates, milliseconds since 1970. Default `Date.now`. */
  now?: (() => number) | undefined;
  /** The signal of the call: an error that is its abort reason is a cancellation, whatever value it is. */
  signal?: AbortSignal | undefined;
  /** How far down the causes to look, 0 to 10. Default 10. */
  maxDepth?: number | undefined;
  /** Longer waits are cut to this many milliseconds. Default 3_600_000 (1 h). */
  maxRetryAfterMs?: number | undefined;
}

interface Outcome extends Match {
  readonly rule: string;
  readonly at: string;
}

interface Walk {
  readonly seen: object[];
  readonly maxDepth: number;
  readonly now: () => number;
  readonly maxRetryAfterMs: number;
}

const maxNodes = 64;
const maxErrors = 16;
const order: readonly RetrySafety[] = ['never', 'idempotent-only', 'not-sent', 'always'];
const unknown = verdict('UNKNOWN');
/** Categories that tell where it failed, not how: their retry verdict is their cause's, unless the author gave one. */
const places: ReadonlySet<ErrorCategory> = new Set([
  'NETWORK',
  'DATABASE',
  'EXTERNAL_SERVICE',
  'UNAVAILABLE',
]);

/** Of errors that came together the one with the strictest retry verdict decides: one that went through is enough. */
const strictest = (errors: unknown, depth: number, at: string, walk: Walk): Outcome | undefined => {
  let found: Outcome | undefined;
  let strange = false;
  for (const [index, error] of readList(errors, maxErrors).entries()) {
    const outcome = decide(error, depth, `${at}.errors[${index}]`, walk);
    if (outcome === undefined) strange = true;
    else if (!found || order.indexOf(outcome.verdict.safety) < order.indexOf(found.verdict.safety))
      found = outcome;
  }
  return found && strange ? { ...found, verdict: { ...found.verdict, safety: 'never' } } : found;
};

const fromCauses = (value: object, depth: number, at: string, walk: Walk): Outcome | undefined => {
  let weak: Outcome | undefined;
  for (const link of causeLinks) {
    const cause = read(value, link);
    const outcome = isObject(cause) ? decide(cause, depth + 1, `${at}.${link}`, walk) : undefined;
    if (outcome !== undefined && !outcome.weak) return outcome;
    weak ??= outcome;
  }
  const together = strictest(read(value, 'errors'), depth + 1, at, walk);
  return together !== undefined && !together.weak ? together : (weak ?? together);
};

const fromAppError = (value: object, depth: number, at: string, walk: Walk): Outcome | undefined => {
  const category = read(value, 'category');
  if (!isErrorCategory(category)) return undefined;
  const said = statedVerdict(value, category);
  const row = errorTable[category];
  const stated = read(value, 'stated');
  const states = (word: string): boolean => stated === undefined || readList(stated, 2).includes(word);
  const own: Outcome = { verdict: said, rule: 'app-error', matched: category, at };
  const wrapper = !states('category');
  if (states('retry') ? !wrapper : !wrapper && !places.has(category)) return own;
  const below = fromCauses(value, depth, at, walk);
  if (below === undefined) return own;
  const { safety, afterMs } = states('retry') ? said : below.verdict;
  const retry = { safety, afterMs };
  if (!wrapper) return { ...own, verdict: { ...said, ...retry } };
  return {
    ...below,
    verdict: {
      ...below.verdict,
      ...retry,
      httpStatus: said.httpStatus === row.httpStatus ? below.verdict.httpStatus : said.httpStatus,
      severity: said.severity === row.severity ? below.verdict.severity : said.severity,
    },
  };
};

const fromRules = (value: object, bare: boolean, at: string): Outcome | undefined => {
  const shape = shapeOf(value);
  let weak: Outcome | undefined;
  for (const rule of bare ? bareRules : builtinRules) {
    const match = rule.find(shape);
    if (match === undefined) continue;
    if (!match.weak) return { ...match, rule: rule.name, at };
    weak ??= { ...match, rule: rule.name, at };
  }
  return weak;
};

/** What any error may state by the plain contract: a string `code` with `retryable` or `safety`. */
const withContract = (value: object, outcome: Outcome | undefined, at: string): Outcome | undefined => {
  if (readString(value, 'code', 64) === undefined) return outcome;
  const retryable = read(value, 'retryable');
  const stated = read(value, 'safety');
  if (typeof retryable !== 'boolean' && !isSafety(stated)) return outcome;
  const base = outcome ?? { verdict: unknown, rule: 'contract', matched: 'retryable', at };
  const known = base.verdict.safety;
  const safety = isSafety(stated) ? stated : known === 'never' ? 'idempotent-only' : known;
  return {
    ...base,
    weak: false,
    verdict: { ...base.verdict, safety: retryable === false ? 'never' : safety },
  };
};

const look = (value: object, bare: boolean, depth: number, at: string, walk: Walk): Outcome | undefined => {
  const registered = registeredMatch(value, true);
  if (registered !== undefined) return { ...registered, rule: 'registered', at };
  if (!bare && isAppError(value)) {
    const outcome = fromAppError(value, depth, at, walk);
    if (outcome !== undefined) return outcome;
  }
  let outcome = fromRules(value, bare, at);
  if (outcome === undefined || outcome.weak) {
    const later = registeredMatch(value, false);
    const below =
      later === undefined ? fromCauses(value, depth, at, walk) : { ...later, rule: 'registered', at };
    // A weak word of the outer error still beats a weak word of its cause: it is nearer to the caller.
    if (below !== undefined && !(below.weak && outcome !== undefined)) outcome = below;
  }
  return bare ? outcome : withContract(value, outcome, at);
};

function decide(value: unknown, depth: number, at: string, walk: Walk): Outcome | undefined {
  if (!isObject(value) || depth > walk.maxDepth || walk.seen.length >= maxNodes || walk.seen.includes(value))
    return undefined;
  walk.seen.push(value);
  const bare = isBare(value);
  const outcome = look(value, bare, depth, at, walk);
  if (outcome === undefined || outcome.verdict.safety === 'never' || outcome.verdict.afterMs !== undefined)
    return outcome;
  if (bare) return outcome;
  const afterMs = retryAfterOf(value, walk.now, walk.maxRetryAfterMs);
  return afterMs === undefined ? outcome : { ...outcome, verdict: { ...outcome.verdict, afterMs } };
}

const bounded = (value: unknown, max: number, otherwise: number): number =>
  typeof value === 'number' && value >= 0 ? Math.min(value, max) : otherwise;

const abortReason = (error: unknown, signal: unknown): Outcome | undefined => {
  if (read(signal, 'aborted') !== true) return undefined;
  const reason = read(signal, 'reason');
  if (!Object.is(reason, error) && !Object.is(reason, read(error, 'cause'))) return undefined;
  const late = readString(reason, 'name', 64) === 'TimeoutError';
  const { verdict } = kinds(late ? 'TimeoutError' : 'AbortError') as Match;
  return { verdict, rule: 'abort-reason', matched: late ? 'TimeoutError' : 'signal.reason', at: 'error' };
};

/**
 * Says of any thrown value what happened, what to answer, how urgent it is, whose turn it is, and whether to try again.
 * Judges by brand, class, code and status, down the causes; never by the text of a message. Total: it never throws,
 * changes nothing, and calls nothing of the value's own outside a guard. Invalid options count as left out.
 */
export const classify = (error: unknown, options: ClassifyOptions = {}): Classification => {
  const maxRetryAfterMs = bounded(read(options, 'maxRetryAfterMs'), 2 ** 31 - 1, defaultMaxRetryAfterMs);
  const walk: Walk = {
    seen: [],
    maxDepth: bounded(read(options, 'maxDepth'), 10, 10),
    now: clockOf(read(options, 'now')),
    maxRetryAfterMs,
  };
  const fallback = isObject(error) ? 'nothing known' : `thrown ${error === null ? 'null' : typeof error}`;
  const outcome = (isAppError(error) ? undefined : abortReason(error, read(options, 'signal'))) ??
    decide(error, 0, 'error', walk) ?? { verdict: unknown, rule: 'none', matched: fallback, at: 'error' };
  const { category, statusCode, httpStatus, severity, safety, fault, afterMs } = outcome.verdict;
  const retryable = safety !== 'never';
  const retry: RetryVerdict = { retryable, safety };
  if (retryable && afterMs !== undefined) retry.afterMs = Math.min(afterMs, maxRetryAfterMs);
  const evidence = { rule: outcome.rule, matched: outcome.matched, at: outcome.at };
  return { category, statusCode, httpStatus, severity, retry, fault, evidence };
};

/**
 * Whether the same call may be made again.
 * @param options.idempotent Whether the call may take effect twice without harm. Default false.
 */
export const isRetryable = (
  error: unknown,
  options: ClassifyOptions & { idempotent?: boolean | undefined } = {},
): boolean => {
  const { safety } = classify(error, options).retry;
  return (
    safety === 'always' ||
    safety === 'not-sent' ||
    (safety === 'idempotent-only' && read(options, 'idempotent') === true)
  );
};
