import { createReadStream, createWriteStream } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { publishFailure } from './events.ts';
import type { FileSystem } from './file-system.ts';
import type { Later } from './later.ts';

interface RotatedFilesOptions {
  path: string;
  fs: FileSystem;
  later: Later;
  maxFiles: number | undefined;
  maxTotalBytes: number | undefined;
  compress: boolean;
}

interface RotatedFile {
  readonly number: number;
  readonly names: string[];
}

/** Longer than another process may go on writing to a file that was renamed under it. */
const compressAfterMs = 5_000;

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

/** The files behind `app.log`: `app.1.log`, `app.2.log` and so on, the highest number being the newest; `.gz` behind it once compressed. */
export class RotatedFiles {
  readonly #options: RotatedFilesOptions;
  readonly #folder: string;
  readonly #pattern: RegExp;
  readonly #name: (number: number) => string;
  #compressing: Promise<void> = Promise.resolve();
  #scheduled = false;

  constructor(options: RotatedFilesOptions) {
    this.#options = options;
    this.#folder = dirname(options.path);
    const extension = extname(options.path);
    const stem = basename(options.path, extension);
    const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    this.#pattern = new RegExp(`^${literal(stem)}\\.([1-9]\\d{0,14})${literal(extension)}(\\.gz)?$`);
    this.#name = (number) => join(this.#folder, `${stem}.${number}${extension}`);
  }

  /** A path that no file has, numbered above all there are, those of earlier processes included. */
  next(): string {
    return this.#name((this.#list().at(-1)?.number ?? 0) + 1);
  }

  /** Removes what is over the limits, oldest first, and compresses the rest in a while. @param currentBytes of the file that is written to. */
  tidy(currentBytes: number): void {
    const { maxFiles, maxTotalBytes, compress } = this.#options;
    const files = this.#list();
    while (maxFiles !== undefined && files.length > maxFiles) this.#remove(files.shift()!);
    if (maxTotalBytes !== undefined) {
      const sizes = files.map(({ names }) => names.reduce((bytes, name) => bytes + this.#size(name), 0));
      let total = sizes.reduce((bytes, size) => bytes + size, currentBytes);
      for (let at = 0; total > maxTotalBytes && files.length > 0; at++) {
        this.#remove(files.shift()!);
        total -= sizes[at]!;
      }
    }
    if (
      compress &&
      !this.#scheduled &&
      files.some(({ names }) => names.some((name) => !name.endsWith('.gz')))
    ) {
      this.#scheduled = true;
      this.#options.later(() => {
        this.#scheduled = false;
        this.compress();
      }, compressAfterMs);
    }
  }

  /** Compresses what is not compressed yet, one file after the other. Settles when that is done; never rejects. */
  compress(): Promise<void> {
    this.#compressing = this.#compressing.then(async () => {
      try {
        this.#sweep();
        for (const { names } of this.#list()) {
          const plain = names.find((name) => !name.endsWith('.gz'));
          if (plain !== undefined) await this.#gzip(join(this.#folder, plain));
        }
      } catch (error) {
        publishFailure({ source: this.#options.path, error });
      }
    });
    return this.#compressing;
  }

  async #gzip(path: string): Promise<void> {
    const { fs } = this.#options;
    const made = `${path}.${process.pid}.tmp`;
    try {
      const before = fs.statSync(path).size;
      await pipeline(createReadStream(path), createGzip(), createWriteStream(made));
      // A process that was stopped in mid-write may have added to it: then it is done again another time.
      if (fs.statSync(path).size !== before) {
        fs.unlinkSync(made);
        return;
      }
      fs.renameSync(made, `${path}.gz`);
      fs.unlinkSync(path);
    } catch (error) {
      try {
        fs.unlinkSync(made);
      } catch {
        // It was not made, or the folder is not ours any more; the plain file is there as before.
      }
      // Removed meanwhile, by limits or by hand: nothing is left to compress.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }

  /** What a process that died in the middle of compressing left. */
  #sweep(): void {
    for (const name of this.#options.fs.readdirSync(this.#folder)) {
      const match = /^(.*)\.(\d+)\.tmp$/.exec(name);
      if (match === null || !this.#pattern.test(match[1]!) || isAlive(Number(match[2]))) continue;
      this.#remove({ number: 0, names: [name] });
    }
  }

  #list(): RotatedFile[] {
    const found = new Map<number, string[]>();
    for (const name of this.#options.fs.readdirSync(this.#folder)) {
      const match = this.#pattern.exec(name);
      if (match === null) continue;
      const number = Number(match[1]);
      found.set(number, [...(found.get(number) ?? []), name]);
    }
    return [...found].map(([number, names]) => ({ number, names })).sort((a, b) => a.number - b.number);
  }

  #size(name: string): number {
    try {
      return this.#options.fs.statSync(join(this.#folder, name)).size;
    } catch {
      return 0;
    }
  }

  #remove({ names }: RotatedFile): void {
    for (const name of names) {
      try {
        this.#options.fs.unlinkSync(join(this.#folder, name));
      } catch (error) {
        // Another process that writes this log tidies too.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
          publishFailure({ source: this.#options.path, error });
      }
    }
  }
}
