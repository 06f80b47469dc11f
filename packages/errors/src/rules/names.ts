import { readNumber } from '../safe-read.ts';
import { classNames, domNames, kinds, libraryCodes } from './tables.ts';
import { isNamed, type Match, type Rule, type Shape } from './verdict.ts';

const timeouts = (shape: Shape): Match | undefined => {
  const { code, value, name } = shape;
  // Sequelize has a class of this name that calls itself another.
  if (
    !isNamed(shape, 'TimeoutError') ||
    name.startsWith('Sequelize') ||
    readNumber(value, 'status') !== undefined
  )
    return undefined;
  // got and others put the system's code beside the name; a bare TimeoutError is a deadline of our own making.
  return kinds(typeof code === 'string' && code.startsWith('E') ? 'system-timeout' : 'TimeoutError');
};

export const nameRules: readonly Rule[] = [
  { name: 'timeout', find: timeouts },
  {
    name: 'library-code',
    find: ({ code }) => libraryCodes(code),
    onBare: true,
  },
  { name: 'class-name', find: ({ type, name }) => classNames(type) ?? classNames(name) },
  {
    name: 'dom-exception',
    find: ({ type, name }) => (type === 'DOMException' ? domNames(name) : undefined),
  },
];
