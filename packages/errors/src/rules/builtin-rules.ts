import { read, readString } from '../safe-read.ts';
import { framesOf } from '../stack-frames.ts';
import { violationsIn } from '../violations.ts';
import { databaseRules } from './database.ts';
import { answerRule, claimRule } from './http-status.ts';
import { badInput, nameRules, timeUp } from './names.ts';
import { bug, cancelled, networkRules } from './network.ts';
import { axiosRule, childRule, rpcRules } from './rpc.ts';
import { hit, type Match, type Rule, type Shape, table } from './verdict.ts';

const aborted = ({ name, type, code, value }: Shape): Match | undefined => {
  if (name !== 'AbortError' && type !== 'AbortError' && code !== 'ABORT_ERR') return undefined;
  // Node makes an AbortError of a timeout signal as well; only its cause tells.
  return readString(read(value, 'cause'), 'name', 64) === 'TimeoutError'
    ? hit(timeUp, 'AbortError caused by TimeoutError')
    : hit(cancelled, 'AbortError');
};

const validated = ({ value }: Shape): Match | undefined => {
  const from = violationsIn(value)?.validator;
  return from === undefined ? undefined : hit(badInput, from);
};

/** Where an error without any code was made: module, function of its first or second frame. */
const origins = table(`EXTERNAL_SERVICE FAILED_PRECONDITION never: undici-httpRedirectFetch
INTERNAL INVALID_ARGUMENT: undici-mainFetch undici-schemeFetch
DATABASE UNAVAILABLE 503 idempotent-only dependency: pg pg-pool
VALIDATION error: JSON
INTERNAL critical: recursion`);

const origin = ({ type, name, code, value }: Shape): Match | undefined => {
  if (code !== undefined) return undefined;
  if (type === 'SyntaxError')
    return framesOf(value, 1)[0]?.fn === 'parse' ? hit(origins('JSON'), 'JSON.parse') : undefined;
  if (type === 'RangeError') {
    const frames = framesOf(value).map(({ fn, file }) => `${file} ${fn}`);
    return frames.length > 7 && new Set(frames).size <= frames.length / 2
      ? hit(origins('recursion'), 'recursion')
      : undefined;
  }
  if (type !== 'Error' || name !== 'Error' || read(value, 'cause') !== undefined) return undefined;
  const frames = framesOf(value, 2);
  for (const { module } of frames) {
    // Node's own undici is node:internal/deps/undici/undici:12345.
    const made = /(?:^|\/)(undici|pg|pg-pool)(?=:|$)/.exec(module)?.[1];
    for (const place of frames.map(({ fn }) => (made === 'undici' ? `undici-${fn}` : `${made}`))) {
      const match = hit(origins(place), `made in ${place}`);
      if (match !== undefined) return match;
    }
  }
  return undefined;
};

/** The language's own errors: our bug, unless what caused them says more (`TypeError: fetch failed`). */
const native = /^(?:(?:Type|Range|Reference|Syntax|Eval|URI)Error|AssertionError)$/;

/**
 * The order is part of the meaning: claims to our caller first, then what a library says about itself in its own
 * words, then the words many share.
 */
export const builtinRules: readonly Rule[] = [
  { name: 'abort', find: aborted },
  claimRule,
  { name: 'validator', find: validated },
  axiosRule,
  ...rpcRules,
  ...nameRules,
  ...databaseRules,
  answerRule,
  childRule,
  ...networkRules,
  { name: 'origin', find: origin },
  { name: 'native', find: ({ type }) => (native.test(type) ? hit(bug, type, true) : undefined) },
];
