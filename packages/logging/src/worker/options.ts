import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import { checkName, wholeNumber } from '../check-options.ts';
import { describe } from '../describe.ts';
import type { FileOptions } from '../file-destination.ts';
import { onlyKnown } from '../only-known.ts';
import type { Target } from './messages.ts';

/** Either `path`, and what a file destination knows of rotation, or `module`. */
export interface WorkerOptions
  extends Pick<FileOptions, 'maxBytes' | 'interval' | 'maxFiles' | 'maxTotalBytes' | 'compress' | 'fsync'> {
  /** The file lines are appended to, as by `fileDestination`. */
  path?: string | undefined;
  /**
   * A module whose default export is `(options) => destination`, a function that is called in the thread: a file URL or an absolute
   * path. Without a thread it is called in the main thread, for which the module must have no top-level `await`.
   */
  module?: URL | string | undefined;
  /** Handed to the module's function; what `postMessage` can copy. Default undefined. */
  options?: unknown;
  /** In events, health and metrics. Default: the path, or the module's URL. */
  name?: string | undefined;
  /** UTF-16 units of lines that are not out yet; further ones are dropped, counted and told. Default 16_777_216, at least 1_024. */
  maxQueued?: number | undefined;
  /** How long `flush()` waits, in milliseconds. Default 5_000. */
  flushTimeoutMs?: number | undefined;
  /** How long the end of the process waits for the thread before it does the work itself, in milliseconds. Default 5_000. */
  exitTimeoutMs?: number | undefined;
}

export interface FullWorkerOptions {
  readonly name: string;
  readonly target: Target;
  readonly maxQueued: number;
  readonly flushTimeoutMs: number;
  readonly exitTimeoutMs: number;
}

const ofFiles = ['maxBytes', 'interval', 'maxFiles', 'maxTotalBytes', 'compress', 'fsync'] as const;
const known = [
  'path',
  'module',
  'options',
  'name',
  'maxQueued',
  'flushTimeoutMs',
  'exitTimeoutMs',
  ...ofFiles,
];

const moduleUrl = (module: unknown): string => {
  if (typeof module === 'string' && isAbsolute(module)) return pathToFileURL(module).href;
  const text = module instanceof URL ? module.href : module;
  if (typeof text === 'string' && URL.canParse(text) && new URL(text).protocol === 'file:') return text;
  throw new TypeError(`module must be a file URL or an absolute path, got ${describe(module)}`);
};

/** @throws TypeError or RangeError naming the option that is unknown or wrong. */
export const workerOptions = (options: WorkerOptions): FullWorkerOptions => {
  onlyKnown('workerDestination', options, known);
  const { path, module } = options;
  if ((path === undefined) === (module === undefined))
    throw new TypeError('workerDestination needs either path or module');
  if (module !== undefined) {
    for (const name of ofFiles)
      if (options[name] !== undefined) throw new TypeError(`${name} is for path, not for module`);
  } else if (options.options !== undefined) throw new TypeError('options is for module, not for path');
  const file = Object.fromEntries(ofFiles.map((name) => [name, options[name]]));
  const target: Target =
    module === undefined
      ? { file: { ...file, path: path as string } }
      : { module: moduleUrl(module), options: options.options };
  return {
    name: checkName(options.name) ?? ('file' in target ? String(path) : target.module),
    target,
    maxQueued: wholeNumber('maxQueued', options.maxQueued, 1_024, 16 * 1024 * 1024),
    flushTimeoutMs: wholeNumber('flushTimeoutMs', options.flushTimeoutMs, 0, 5_000),
    exitTimeoutMs: wholeNumber('exitTimeoutMs', options.exitTimeoutMs, 0, 5_000),
  };
};
