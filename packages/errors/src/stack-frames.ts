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

const frameOf = (line: string): Frame | undefined => {
  const found = /^\s+at (?:async )?(?:(.+?) \()?(.+?)(?::\d+)?(?::\d+)?\)?$/.exec(line.slice(0, maxLine));
  if (found === null) return undefined;
  const [, name = '', place = ''] = found;
  const fn =
    name
      .replace(/^new | \[as [^\]]*\]$/g, '')
      .split('.')
      .at(-1) ?? '';
  const path = place.replaceAll('\\', '/');
  const at = path.lastIndexOf('/node_modules/');
  const packageName = at < 0 ? '' : (/^(?:@[^/]*\/)?[^/]*/.exec(path.slice(at + 14))?.[0] ?? '');
  return {
    fn: fn === '<anonymous>' ? '' : fn,
    file: path.slice(path.lastIndexOf('/') + 1).split('?')[0] ?? '',
    module: place.startsWith('node:')
      ? place
      : packageName || (/^(native|<anonymous>|index \d+)$/.test(place) ? 'native' : ''),
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
