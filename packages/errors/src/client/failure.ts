import { read, readString } from '../safe-read.ts';

// What the fetch of each engine says, word for word, when no answer came. It says so in no other way: there is no code.
const noAnswer: ReadonlySet<unknown> = new Set([
  'Failed to fetch',
  'NetworkError when attempting to fetch resource.',
  'Load failed',
  'The Internet connection appears to be offline.',
  'The network connection was lost.',
  'Network request failed',
  'network error',
  'fetch failed',
  'terminated',
]);

const codes: ReadonlyMap<unknown, string> = new Map([
  ['ERR_NETWORK', 'NETWORK_FAILED'],
  ['ECONNABORTED', 'TIMEOUT'],
  ['ETIMEDOUT', 'TIMEOUT'],
  ['ERR_CANCELED', 'CANCELLED'],
]);

/** `navigator.onLine`; undefined where there is no such thing. False is certain, true is not. */
export const online = (): boolean | undefined => {
  const said = read(read(globalThis, 'navigator'), 'onLine');
  return typeof said === 'boolean' ? said : undefined;
};

/** The code of a failure without an answer: OFFLINE, NETWORK_FAILED, TIMEOUT, CANCELLED; undefined for any other error. */
export const codeOfFailure = (
  thrown: unknown,
  isOnline: () => boolean | undefined,
  signal: AbortSignal | undefined,
): string | undefined => {
  const name = readString(thrown, 'name', 64);
  let code = codes.get(read(thrown, 'code'));
  if (name === 'AbortError') code = 'CANCELLED';
  else if (name === 'TimeoutError') code = 'TIMEOUT';
  // An abort reason may be any value at all.
  else if (read(signal, 'aborted') === true && thrown !== undefined && read(signal, 'reason') === thrown)
    code = 'CANCELLED';
  else if (read(thrown, 'type') === 'error' && read(thrown, 'status') === 0) code = 'NETWORK_FAILED';
  else if (name === 'TypeError' && noAnswer.has(read(thrown, 'message'))) code = 'NETWORK_FAILED';
  const maybeOffline = code === 'NETWORK_FAILED' || code === 'TIMEOUT' || (!code && name === 'TypeError');
  return maybeOffline && isOnline() === false ? 'OFFLINE' : code;
};
