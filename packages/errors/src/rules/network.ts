import { readString } from '../safe-read.ts';
import { systemCodes } from './tables.ts';
import type { Match, Rule, Shape } from './verdict.ts';

const systemCode = ({ code, value }: Shape): Match | undefined => {
  if (typeof code !== 'string') return undefined;
  const call = /^(?:spawn|connect|listen)/.exec(readString(value, 'syscall', 64) ?? '');
  return (call && systemCodes(`${code}-${call[0]}`)) ?? systemCodes(code);
};

export const systemRule: Rule = { name: 'system-code', find: systemCode, onBare: true };
