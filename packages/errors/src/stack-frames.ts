import { read, readString } from './safe-read.ts';

/** One line of a stack, without its line number. */
export interface Frame {
  /** Function name without receiver; '' when anonymous. */
  fn: string;
  /** Base name of the file. */
  file: string;
  /** The npm package or `node:` module it belongs to; '' for the application's own code. */
  module: string;
}

const maxFrames = 30;
const maxLine = 512;
const lineNumber = /(?::\d+){1,2}$/;
const native = /^(?:native|<anonymous>|index \d+)$/;

const packageOf = (path: string): string => {
  const at = path.lastIndexOf('/node_modules/');
  if (at < 0) return '';
  const [scope = '', name = ''] = path.slice(at + 14).split('/', 2);
  return scope.startsWith('@') ? `${scope}/${name}` : scope;
};

const frameOf = (line: string): Frame | undefined => {
  const words = line.slice(0, maxLine).trimStart();
  if (!words.startsWith('at ') || words.length === line.length) return undefined;
  // Cut by hand: one pattern for the whole line costs more than all the rest of a fingerprint.
  const rest = words.slice(words.startsWith('at async ') ? 9 : 3);
  const open = rest.endsWith(')') ? rest.indexOf(' (') : -1;
  const name = open < 0 ? '' : rest.slice(0, open).replace(/^new | \[as [^\]]*\]$/g, '');
  const fn = name.slice(name.lastIndexOf('.') + 1);
  const place = (open < 0 ? rest : rest.slice(open + 2, -1)).replace(lineNumber, '');
  const path = place.includes('\\') ? place.replaceAll('\\', '/') : place;
  return {
    fn: fn === '<anonymous>' ? '' : fn,
    file: path.slice(path.lastIndexOf('/') + 1).split('?')[0] ?? '',
    module: place.startsWith('node:') ? place : packageOf(path) || (native.test(place) ? 'native' : ''),
  };
};

/**
 * The first frames of an error's stack, at most 30. The message at its head is skipped by its length, so that text
 * which looks like a frame is not taken for one; the work is bounded whatever the length of message and stack.
 */
export const framesOf = (error: unknown, most = maxFrames): Frame[] => {
  const stack = read(error, 'stack');
  const frames: Frame[] = [];
  if (typeof stack !== 'string') return frames;
  const message = read(error, 'message');
  let start = 0;
  if (typeof message === 'string' && message !== '') {
    const at = stack.slice(0, 512).indexOf(message.slice(0, 200));
    if (at >= 0) start = at + message.length;
  }
  for (const line of stack.slice(start, start + most * maxLine).split('\n', most * 2)) {
    const frame = frameOf(line);
    if (frame !== undefined && frames.push(frame) === most) break;
  }
  return frames;
};

/** The stack as text for logs, cut to 8 kB; undefined when there is none. */
export const stackText = (error: unknown): string | undefined => readString(error, 'stack', 8192);
