import { read, readString } from '../safe-read.ts';
import { framesOf } from '../stack-frames.ts';
import { violationsIn } from '../violations.ts';
import { databaseRules } from './database.ts';
import { answerRule, claimRule } from './http-status.ts';
import { badInput, nameRules, timeUp } from './names.ts';
import { bug, cancelled, networkRules } from './network.ts';
import { axiosRule, childRule, rpcRules } from './rpc.ts';
import { hit, type Match, type Rule, type Shape, table, type Verdict, verdict } from './verdict.ts';

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

const loopForbidden = verdict('EXTERNAL_SERVICE', 'FAILED_PRECONDITION', 502);
const portForbidden = verdict('INTERNAL', 'INVALID_ARGUMENT', 500, 'never', 'error', 'self');
const connectionLost = verdict('DATABASE', 'UNAVAILABLE', 503, 'idempotent-only');
const overflow = verdict('INTERNAL', 'INTERNAL', 500, 'never', 'critical', 'self');
const notJson = verdict('VALIDATION', 'INVALID_ARGUMENT', 400, 'never', 'error', 'caller');

/** Where an error without any code was made: [module ends in, function of the first or second frame]. */
const origins: readonly (readonly [module: string, fn: string, said: Verdict])[] = [
  ['undici', 'httpRedirectFetch', loopForbidden],
  ['undici', 'mainFetch', portForbidden],
  ['undici', 'schemeFetch', portForbidden],
  ['pg', '', connectionLost],
  ['pg-pool', '', connectionLost],
];

const origin = ({ type, name, code, value }: Shape): Match | undefined => {
  if (code !== undefined) return undefined;
  if (type === 'SyntaxError')
    return framesOf(value)[0]?.fn === 'parse' ? hit(notJson, 'JSON.parse') : undefined;
  if (type === 'RangeError') {
    const frames = framesOf(value).map(({ fn, file }) => `${file} ${fn}`);
    return frames.length > 7 && new Set(frames).size <= frames.length / 2
      ? hit(overflow, 'recursion')
      : undefined;
  }
  if (type !== 'Error' || name !== 'Error' || read(value, 'cause') !== undefined) return undefined;
  const [first, second] = framesOf(value);
  for (const [module, fn, said] of origins) {
    const made = [first, second].find((frame) =>
      frame?.module.split(':').slice(0, 2).join(':').endsWith(module),
    );
    if (made !== undefined && (fn === '' || fn === first?.fn || fn === second?.fn))
      return hit(said, `made in ${module} ${fn}`);
  }
  return undefined;
};

/** The language's own errors: our bug, unless what caused them says more (`TypeError: fetch failed`). */
const native = table<string>([
  bug,
  'TypeError',
  'RangeError',
  'ReferenceError',
  'SyntaxError',
  'EvalError',
  'URIError',
  'AssertionError',
]);

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
  { name: 'native', find: ({ type }) => hit(native.get(type), type, true) },
];
