import { hash } from 'node:crypto';
import { isErrorStatus } from './error-table.ts';
import { messageTemplate } from './message-template.ts';
import { constructorName, read, readString } from './safe-read.ts';
import { type Frame, framesOf } from './stack-frames.ts';

const typeOf = (error: unknown): string => {
  const name = readString(error, 'name', 128) ?? '';
  return name === '' || name === 'Error' ? constructorName(error) || typeof error : name;
};

const codeOf = (error: unknown): string => {
  const code = read(error, 'code');
  if (typeof code === 'string' || typeof code === 'number') return String(code).slice(0, 128);
  for (const key of ['errcode', 'status', 'statusCode']) {
    const status = read(error, key);
    if (isErrorStatus(status) || (key === 'errcode' && typeof status === 'number')) return String(status);
  }
  return '';
};

const placeOf = (frames: readonly Frame[]): string[] => {
  const ours = frames.filter(({ module, file }) => module === '' && file !== '');
  const lines = (ours.length > 0 ? ours : frames).map(({ file, fn, module }) => `${module} ${file} ${fn}`);
  // Recursion of another depth is the same fault.
  return lines.filter((line, at) => line !== lines[at - 1]).slice(0, 10);
};

/**
 * `v1:` and 32 hex digits that are equal for equal faults: type, code (or SQLSTATE, or status) and frames without line
 * numbers, of the error and of each cause. Only when no frame is known does the message's template count.
 */
export const fingerprintOf = (error: unknown, causes: readonly unknown[]): string => {
  const chain = [error, ...causes].map((one) => [typeOf(one), codeOf(one), placeOf(framesOf(one))] as const);
  const spoken = chain.every(([, , place]) => place.length === 0);
  const message = typeof error === 'string' ? error : (readString(error, 'message', 512) ?? '');
  // Which kind of parameter stood there does not count: an id may be a number today and a UUID tomorrow.
  const template = spoken ? messageTemplate(message).replace(/<\w+>/g, '<>') : '';
  const identity = JSON.stringify([chain, template]);
  return `v1:${hash('sha256', identity).slice(0, 32)}`;
};
