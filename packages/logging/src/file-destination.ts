import { resolve } from 'node:path';
import { flushAtExit } from './at-exit.ts';
import { checkFunction, checkName, wholeNumber, yesOrNo } from './check-options.ts';
import { describe } from './describe.ts';
import type { Destination } from './destination.ts';
import { FileSink } from './file-sink.ts';
import { type FileSystem, fileSystem } from './file-system.ts';
import { type DestinationHealth, reportHealth } from './health.ts';
import { type Later, later } from './later.ts';
import { onlyKnown } from './only-known.ts';
import { RotatedFiles } from './rotated-files.ts';
import { RotatingFile } from './rotating-file.ts';
import { onSignal } from './signal-listeners.ts';
import { warnOnStderr } from './stderr-warning.ts';

export interface FileOptions {
  /** The file lines are appended to; its folder is made when missing. */
  path: string;
  /** In events, health and metrics. Default: the path as given. */
  name?: string | undefined;
  /** A file grows no longer, unless one line alone is; then `app.log` becomes `app.<n>.log`. In bytes. Default: no limit. */
  maxBytes?: number | undefined;
  /** A new file each day or hour (UTC), or each so many milliseconds; it begins with the first line of the period. Default: none. */
  interval?: 'daily' | 'hourly' | number | undefined;
  /** Rotated files kept, the one being written not counted. Default: all. */
  maxFiles?: number | undefined;
  /** Bytes of all files together above which rotated ones are removed, oldest first. Default: no limit. */
  maxTotalBytes?: number | undefined;
  /** Rotated files are gzipped, some seconds later. Default false. */
  compress?: boolean | undefined;
  /** Each log call writes at once, instead of a batch a turn. Default false. */
  sync?: boolean | undefined;
  /** Every write waits until the disk has it. Default false. */
  fsync?: boolean | undefined;
  /** Opens the file anew on this signal. It then no longer ends the process. Default: none. */
  reopenOn?: 'SIGHUP' | 'SIGUSR2' | undefined;
  /** Held while the file cannot be written; further lines are dropped, counted and told. Default 8_388_608. */
  maxQueuedBytes?: number | undefined;
  /** How long `flush()` waits for a file that cannot be written, in milliseconds. Default 5_000. */
  flushTimeoutMs?: number | undefined;
  /** Wall clock, milliseconds since 1970. Default `Date.now`. */
  clock?: (() => number) | undefined;
}

export interface FileDestination extends Destination {
  readonly name: string;
  /** Settles when all that was written before is in the file, or after `flushTimeoutMs`. */
  flush(): Promise<void>;
  /** Writes what is held now, as far as the system takes it. Called by itself at the end of the process. */
  flushSync(patienceMs?: number): void;
  /** Lines written from now on go to the file that is at the path then: for a rotation by others. */
  reopen(): void;
  health(): DestinationHealth;
  /** Flushes and closes; lines written later are dropped and counted. */
  close(): Promise<void>;
}

/** What it needs from its surroundings, so that tests can stand in for the system. */
export interface FileSurroundings {
  fs?: FileSystem;
  later?: Later;
  warn?: (text: string) => void;
}

const known =
  'path name maxBytes interval maxFiles maxTotalBytes compress sync fsync reopenOn maxQueuedBytes flushTimeoutMs clock'.split(
    ' ',
  );

const intervalOf = (interval: unknown): number | undefined => {
  if (interval === 'daily') return 86_400_000;
  if (interval === 'hourly') return 3_600_000;
  if (interval === undefined || typeof interval === 'number')
    return wholeNumber('interval', interval, 1_000, undefined);
  throw new TypeError(
    `interval must be 'daily', 'hourly' or a number of milliseconds, got ${describe(interval)}`,
  );
};

/** {@link fileDestination} with the system's calls handed in. */
export const openFileDestination = (
  options: FileOptions,
  { fs = fileSystem, later: wait = later, warn = warnOnStderr }: FileSurroundings = {},
): FileDestination => {
  onlyKnown('fileDestination', options, known);
  const { path: given, reopenOn } = options;
  if (typeof given !== 'string' || given === '' || given.includes('\0'))
    throw new TypeError(`path must be a non-empty string, got ${describe(given)}`);
  if (reopenOn !== undefined && reopenOn !== 'SIGHUP' && reopenOn !== 'SIGUSR2')
    throw new RangeError(`reopenOn must be SIGHUP or SIGUSR2, got ${describe(reopenOn)}`);
  const clock = checkFunction('clock', options.clock) ?? Date.now;
  const maxBytes = wholeNumber('maxBytes', options.maxBytes, 1, undefined);
  // A later chdir must not move the log.
  const path = resolve(given);
  const rotated = new RotatedFiles({
    path,
    fs,
    later: wait,
    maxFiles: wholeNumber('maxFiles', options.maxFiles, 1, undefined),
    maxTotalBytes: wholeNumber('maxTotalBytes', options.maxTotalBytes, 1, undefined),
    compress: yesOrNo('compress', options.compress),
  });
  const intervalMs = intervalOf(options.interval);
  const fsync = yesOrNo('fsync', options.fsync);
  let stop = (): void => {};
  const sink = new FileSink({
    name: checkName(options.name) ?? given,
    file: new RotatingFile({ path, fs, clock, maxBytes, intervalMs, fsync, rotated }),
    sync: yesOrNo('sync', options.sync),
    maxQueuedBytes: wholeNumber('maxQueuedBytes', options.maxQueuedBytes, 1_024, 8 * 1024 * 1024),
    flushTimeoutMs: wholeNumber('flushTimeoutMs', options.flushTimeoutMs, 0, 5_000),
    clock,
    later: wait,
    warn,
    onClose: () => stop(),
  });
  if (reopenOn !== undefined) stop = onSignal(reopenOn, () => sink.reopen());
  flushAtExit(sink);
  reportHealth(sink);
  return sink;
};

/**
 * A destination that appends lines to a file: one system call for the lines of a turn, rotation by size and time, and lines held while
 * the disk is full or the file cannot be opened. Several processes may write to one path. The file is opened with the first line.
 * @throws TypeError or RangeError naming the option that is unknown or wrong; never for the state of the disk.
 */
export const fileDestination = (options: FileOptions): FileDestination => openFileDestination(options);
