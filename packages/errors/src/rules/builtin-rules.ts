import { read, readString } from '../safe-read.ts';
import { framesOf } from '../stack-frames.ts';
import { violationsIn } from '../violations.ts';
import { databaseRules } from './database.ts';
import { answerRule, claimRule } from './http-status.ts';
import { nameRules } from './names.ts';
import { systemRule } from './network.ts';
import { axiosRule, childRule, rpcRules } from './rpc.ts';
import { kinds, nativeNames } from './tables.ts';
import { isNamed, type Match, type Rule, type Shape } from './verdict.ts';

const aborted = (shape: Shape): Match | undefined => {
  if (!isNamed(shape, 'AbortError') && shape.code !== 'ABORT_ERR') return undefined;
  // Node makes an AbortError of a timeout signal as well; only its cause tells.
  const name = readString(read(shape.value, 'cause'), 'name', 64);
  return kinds(name === 'TimeoutError' ? name : 'AbortError');
};

/** Where an error without any code was made. */
const origin = ({ type, name, code, value }: Shape): Match | undefined => {
  if (code !== undefined) return undefined;
  if (type === 'SyntaxError') return framesOf(value, 1)[0]?.fn === 'parse' ? kinds('JSON.parse') : undefined;
  if (type === 'RangeError') {
    const frames = framesOf(value).map(({ fn, file }) => `${file} ${fn}`);
    return frames.length > 7 && new Set(frames).size <= frames.length / 2 ? kinds('recursion') : undefined;
  }
  if (type !== 'Error' || name !== 'Error' || read(value, 'cause') !== undefined) return undefined;
  // Most errors come from neither: their stack need not be taken apart.
  if (!/[\\/](?:undici|pg|ioredis|mysql2|busboy)/.test(readString(value, 'stack', 1024) ?? ''))
    return undefined;
  const frames = framesOf(value, 2);
  for (const { module } of frames) {
    // Node's own undici is node:internal/deps/undici/undici:12345.
    const made = /(?:^|\/)(undici|pg|pg-pool|ioredis|mysql2|busboy)(?=:|$)/.exec(module)?.[1];
    for (const { fn } of frames) {
      const match = kinds(`${made}-${fn}`) ?? kinds(`${made}`);
      if (match !== undefined) return match;
    }
  }
  return undefined;
};

/**
 * The order is part of the meaning: claims to our caller first, then what a library says about itself in its own
 * words, then the words many share.
 */
export const builtinRules: readonly Rule[] = [
  { name: 'abort', find: aborted, onBare: true },
  claimRule,
  { name: 'validator', find: ({ value }) => kinds(violationsIn(value)?.validator) },
  axiosRule,
  ...rpcRules,
  ...nameRules,
  ...databaseRules,
  answerRule,
  childRule,
  systemRule,
  { name: 'origin', find: origin, onBare: true },
  { name: 'native', find: ({ type }) => nativeNames(type), onBare: true },
];

export const bareRules: readonly Rule[] = builtinRules.filter(({ onBare }) => onBare);
