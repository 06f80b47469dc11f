import { type FileSystem, fileSystem } from '../src/file-system.ts';

/** The real file system, but for what is told to fail: an error code for as long as it stands there. */
export class SmallDisk {
  /** Code that writes fail with. */
  writes: string | undefined;
  /** Code that opening fails with. */
  opens: string | undefined;
  renames: string | undefined;
  /** Bytes that one write takes at most. */
  atMost = Number.POSITIVE_INFINITY;
  writeCalls = 0;
  readonly open = new Set<number>();

  readonly fs: FileSystem = {
    ...fileSystem,
    openSync: (path, flags) => {
      this.#fail(this.opens);
      const fd = fileSystem.openSync(path, flags);
      this.open.add(fd);
      return fd;
    },
    closeSync: (fd) => {
      this.open.delete(fd);
      fileSystem.closeSync(fd);
    },
    writeSync: (fd, bytes, offset, length) => {
      this.writeCalls++;
      this.#fail(this.writes);
      return fileSystem.writeSync(fd, bytes, offset, Math.min(length, this.atMost));
    },
    renameSync: (from, to) => {
      this.#fail(this.renames);
      fileSystem.renameSync(from, to);
    },
  };

  #fail(code: string | undefined): void {
    if (code !== undefined) throw Object.assign(new Error(`${code}: told to fail`), { code });
  }
}
