import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const entry = fileURLToPath(new URL('../dist/index.js', import.meta.url));

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

interface ChildOptions {
  /** Called with each text the child writes to stderr, to signal it at the right moment. */
  onStderr?: (text: string, child: ChildProcess) => void;
  args?: readonly string[];
  nodeOptions?: readonly string[];
  env?: Readonly<Record<string, string>>;
  /** The file that its stdout goes to, in the place of a pipe. */
  stdout?: string;
}

/** Runs a script against the built package, `l` being what it exports, until it ends. */
export const runChild = (script: string, options: ChildOptions = {}): Promise<Ended> =>
  new Promise((resolve, reject) => {
    const { NODE_OPTIONS: _jest, LOG_LEVEL: _level, ...env } = process.env;
    const code = `import * as l from ${JSON.stringify(entry)};\n${script}`;
    const out = options.stdout === undefined ? 'pipe' : openSync(options.stdout, 'a');
    const child = spawn(
      process.execPath,
      [...(options.nodeOptions ?? []), '--input-type=module', '-e', code, '--', ...(options.args ?? [])],
      { env: { ...env, ...options.env }, stdio: ['ignore', out, 'pipe'] },
    );
    if (out !== 'pipe') closeSync(out);
    let stdout = '';
    let stderr = '';
    child.stdout?.on('data', (chunk) => {
      stdout += String(chunk);
    });
    child.stderr!.on('data', (chunk) => {
      stderr += String(chunk);
      options.onStderr?.(String(chunk), child);
    });
    child.once('error', reject);
    child.once('close', (status, signal) => resolve({ code: status, signal, stdout, stderr }));
  });

/** The field `i` of each line of JSON. */
export const numbersIn = (lines: readonly string[]): unknown[] =>
  lines.filter((line) => line !== '').map((line) => (JSON.parse(line) as { i?: unknown }).i);
