import { dirname } from 'node:path';
import { publishFailure } from './events.ts';
import type { FileState, FileSystem } from './file-system.ts';
import type { RotatedFiles } from './rotated-files.ts';
import { whileLocked } from './rotation-lock.ts';

export interface RotatingFileOptions {
  readonly path: string;
  readonly fs: FileSystem;
  readonly clock: () => number;
  readonly maxBytes: number | undefined;
  /** Length of a period, whose borders lie at its multiples since 1970 (UTC). */
  readonly intervalMs: number | undefined;
  readonly fsync: boolean;
  readonly rotated: RotatedFiles;
}

const checkMs = 1_000;
const rotateAgainMs = 10_000;
const newline = 10;

/** One folder after the other: in `/proc` Node's recursive way never ends. */
const makeFolder = (fs: FileSystem, folder: string): void => {
  try {
    fs.mkdirSync(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    const parent = dirname(folder);
    if (code !== 'ENOENT' || parent === folder || isThere(fs, parent)) throw error;
    makeFolder(fs, parent);
    fs.mkdirSync(folder);
  }
};

const isThere = (fs: FileSystem, path: string): boolean => {
  try {
    fs.statSync(path);
    return true;
  } catch {
    return false;
  }
};

const lineEnd = (bytes: Uint8Array, offset: number): number =>
  bytes.indexOf(newline, offset) + 1 || bytes.length;

/**
 * One path, opened for appending. Between lines it looks whether the file is still the one at the path, and whether it is time for
 * a new one; in the middle of a line, after a partial write, it stays with the file it has.
 */
export class RotatingFile {
  readonly #options: RotatingFileOptions;
  #fd: number | undefined;
  #identity: Pick<FileState, 'dev' | 'ino'> | undefined;
  #regular = false;
  /** A link is not ours to move: it may be `/dev/stdout`. */
  #isLink = false;
  #size = 0;
  #period = 0;
  #midLine = false;
  #reopen = false;
  #checked = Number.NEGATIVE_INFINITY;
  #rotateAgain = Number.NEGATIVE_INFINITY;

  constructor(options: RotatingFileOptions) {
    this.#options = options;
  }

  /** Appends some of the bytes, whole lines of which stand from `offset` on. @returns how many. @throws what the system said. */
  write(bytes: Uint8Array, offset: number): number {
    const { fs } = this.#options;
    if (!this.#midLine) this.#settle(lineEnd(bytes, offset) - offset);
    const fd = this.#fd ?? this.#open();
    const taken = fs.writeSync(fd, bytes, offset, this.#end(bytes, offset) - offset);
    if (taken <= 0) throw Object.assign(new Error('nothing was written'), { code: 'EIO' });
    this.#size += taken;
    this.#midLine = bytes[offset + taken - 1] !== newline;
    if (this.#options.fsync) this.#sync(fd);
    return taken;
  }

  /** The next line goes to whatever file is at the path then. */
  reopen(): void {
    this.#reopen = true;
    if (!this.#midLine) this.close();
  }

  close(): void {
    const fd = this.#fd;
    this.#fd = undefined;
    this.#reopen = false;
    this.#midLine = false;
    if (fd === undefined) return;
    try {
      this.#options.fs.closeSync(fd);
    } catch (error) {
      publishFailure({ source: this.#options.path, error });
    }
  }

  /** For a descriptor that somebody else closed: it may belong to another file by now, so it is not closed here. */
  forget(): void {
    this.#fd = undefined;
    this.#midLine = false;
  }

  /** Where the bytes end that this file may take: behind a line, as near below `maxBytes` as can be. */
  #end(bytes: Uint8Array, offset: number): number {
    const { maxBytes, clock } = this.#options;
    if (maxBytes === undefined || !this.#regular || this.#isLink || clock() < this.#rotateAgain)
      return bytes.length;
    if (this.#midLine) return lineEnd(bytes, offset);
    const room = maxBytes - this.#size;
    if (bytes.length - offset <= room) return bytes.length;
    const fitting = room > 0 ? bytes.lastIndexOf(newline, offset + room - 1) + 1 : 0;
    // A line longer than a whole file gets one of its own; so does one that had to stay here because another process rotates.
    return fitting > offset ? fitting : lineEnd(bytes, offset);
  }

  /** Between two lines: is this still the file to write to? @param lineBytes of the next line. */
  #settle(lineBytes: number): void {
    const { fs, clock, maxBytes } = this.#options;
    const now = clock();
    if (this.#reopen) this.close();
    if (this.#fd !== undefined && this.#regular && !(now >= this.#checked && now < this.#checked + checkMs)) {
      this.#checked = now;
      if (this.#isElsewhere()) this.close();
      else this.#size = fs.fstatSync(this.#fd).size;
    }
    if (this.#fd === undefined) this.#open();
    if (!this.#regular || this.#isLink || now < this.#rotateAgain) return;
    if (this.#size === 0) this.#period = this.#periodOf(now);
    else if (
      (maxBytes !== undefined && this.#size + lineBytes > maxBytes) ||
      this.#periodOf(now) > this.#period
    )
      this.#rotate(now);
  }

  #rotate(now: number): void {
    const { fs, path, rotated } = this.#options;
    try {
      const ours = whileLocked(fs, path, () => {
        // Another process may have rotated since we looked; its new file must not be rotated again.
        if (!this.#isElsewhere()) fs.renameSync(path, rotated.next());
      });
      if (!ours) return;
    } catch (error) {
      // Better a file that is too long than no lines.
      this.#rotateAgain = now + rotateAgainMs;
      publishFailure({ source: path, error });
      return;
    }
    this.close();
    this.#open();
  }

  #open(): number {
    const { fs, path, clock, rotated } = this.#options;
    const fd = this.#openOrMake();
    this.#fd = fd;
    const now = clock();
    const state = fs.fstatSync(fd);
    const { dev, ino, size, mtimeMs } = state;
    this.#identity = { dev, ino };
    this.#regular = state.isFile();
    this.#isLink = this.#regular && fs.isLink(path);
    this.#size = size;
    this.#checked = now;
    const current = this.#periodOf(now);
    this.#period = size === 0 ? current : Math.min(current, this.#periodOf(mtimeMs));
    if (!this.#regular) return fd;
    try {
      if (size > 0) this.#endLine(fd);
    } catch (error) {
      // Not even the newline went out: the next attempt has to see to it again.
      this.close();
      throw error;
    }
    if (this.#isLink) return fd;
    try {
      rotated.tidy(this.#size);
    } catch (error) {
      publishFailure({ source: path, error });
    }
    return fd;
  }

  #openOrMake(): number {
    const { fs, path } = this.#options;
    try {
      return fs.openSync(path, 'a+');
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // A file may be ours to write and not to read.
      if (code === 'EACCES') return fs.openSync(path, 'a');
      if (code !== 'ENOENT') throw error;
    }
    makeFolder(fs, dirname(path));
    return fs.openSync(path, 'a+');
  }

  /** A process that died in mid-write left half a line, and ours must not go on behind it. */
  #endLine(fd: number): void {
    const { fs } = this.#options;
    const last = new Uint8Array([newline]);
    try {
      fs.readSync(fd, last, 0, 1, this.#size - 1);
    } catch {
      return;
    }
    if (last[0] !== newline) this.#size += fs.writeSync(fd, new Uint8Array([newline]), 0, 1);
  }

  /** True when the path names another file than ours, or none. */
  #isElsewhere(): boolean {
    try {
      const { dev, ino } = this.#options.fs.statSync(this.#options.path);
      return dev !== this.#identity?.dev || ino !== this.#identity.ino;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ENOENT';
    }
  }

  #periodOf(time: number): number {
    const { intervalMs } = this.#options;
    return intervalMs === undefined ? 0 : Math.floor(time / intervalMs);
  }

  #sync(fd: number): void {
    try {
      this.#options.fs.fsyncSync(fd);
    } catch (error) {
      // The bytes were taken: to write them again would double the lines.
      publishFailure({ source: this.#options.path, error });
    }
  }
}
