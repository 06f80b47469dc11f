import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll } from '@jest/globals';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A folder that is removed after the tests of the file, and what log files it holds. */
export class LogFolder {
  readonly folder: string;
  readonly path: string;

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'agent4-logging-'));
    this.path = join(this.folder, 'app.log');
    folders.push(this.folder);
  }

  get names(): string[] {
    return readdirSync(this.folder).sort();
  }

  text(name = 'app.log'): string {
    const bytes = readFileSync(join(this.folder, name));
    return String(name.endsWith('.gz') ? gunzipSync(bytes) : bytes);
  }

  /** The lines of all files, oldest file first. */
  get lines(): string[] {
    const number = (name: string): number => Number(/\.(\d+)\./.exec(name)?.[1] ?? Number.POSITIVE_INFINITY);
    return this.names
      .filter((name) => /^app\.(\d+\.)?log(\.gz)?$/.test(name))
      .sort((a, b) => number(a) - number(b))
      .flatMap((name) => this.text(name).split('\n'))
      .filter((line) => line !== '');
  }
}
