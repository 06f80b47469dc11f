import {
  closeSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';

/** The system calls of the file destination, as of `node:fs`, so that tests can make them fail. */
export interface FileSystem {
  openSync(path: string, flags: string): number;
  closeSync(fd: number): void;
  writeSync(fd: number, bytes: Uint8Array, offset: number, length: number): number;
  readSync(fd: number, into: Uint8Array, offset: number, length: number, position: number): number;
  fsyncSync(fd: number): void;
  fstatSync(fd: number): FileState;
  statSync(path: string): FileState;
  renameSync(from: string, to: string): void;
  unlinkSync(path: string): void;
  mkdirSync(path: string): unknown;
  /** Does the path itself, its target not followed, name a symbolic link? */
  isLink(path: string): boolean;
  readdirSync(path: string): string[];
}

export interface FileState {
  readonly dev: number;
  readonly ino: number;
  readonly size: number;
  readonly mtimeMs: number;
  isFile(): boolean;
}

export const fileSystem: FileSystem = {
  openSync: (path, flags) => openSync(path, flags),
  closeSync: (fd) => closeSync(fd),
  writeSync: (fd, bytes, offset, length) => writeSync(fd, bytes, offset, length),
  readSync: (fd, into, offset, length, position) => readSync(fd, into, offset, length, position),
  fsyncSync: (fd) => fsyncSync(fd),
  fstatSync: (fd) => fstatSync(fd),
  statSync: (path) => statSync(path),
  renameSync: (from, to) => renameSync(from, to),
  unlinkSync: (path) => unlinkSync(path),
  mkdirSync: (path) => mkdirSync(path),
  // Another process may have renamed it since it was opened.
  isLink: (path) => lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true,
  readdirSync: (path) => readdirSync(path),
};
