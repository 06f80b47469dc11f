import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll } from '@jest/globals';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface ServerProcess {
  url: string;
  child: ChildProcess;
  /** The log so far, parsed. */
  logs: () => Record<string, unknown>[];
  ended: Promise<Ended>;
  /** Sends the signal and waits for the end. */
  end: (signal: NodeJS.Signals) => Promise<Ended>;
}

const running = new Set<ChildProcess>();
// A test that failed ends no server of its own, and one that still runs would keep the test run from ending.
afterAll(() => {
  for (const child of running) child.kill('SIGKILL');
});

const run = (
  env: Record<string, string>,
): { child: ChildProcess; ended: Promise<Ended>; output: { stdout: string; stderr: string } } => {
  const { NODE_OPTIONS: _jests, ...inherited } = process.env;
  const child = spawn(process.execPath, [MAIN], {
    env: { ...inherited, PORT: '0', EMBEDDER: 'none', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  const output = { stdout: '', stderr: '' };
  child.stdout!.on('data', (chunk) => {
    output.stdout += String(chunk);
  });
  child.stderr!.on('data', (chunk) => {
    output.stderr += String(chunk);
  });
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code, signal) => {
      running.delete(child);
      resolve({ code, signal, ...output });
    });
  });
  return { child, ended, output };
};

/** Starts the real server on a free port; resolves when it says where it is. */
export const startServer = async (env: Record<string, string>): Promise<ServerProcess> => {
  const { child, ended, output } = run(env);
  const url = await new Promise<string>((resolve, reject) => {
    child.stderr!.on('data', () => {
      const address = /REST\s+(http\S+)\/api\/v1/.exec(output.stderr);
      if (address) resolve(address[1]!);
    });
    void ended.then(({ code, stderr }) => reject(new Error(`the server ended with ${code}: ${stderr}`)));
  });
  return {
    url,
    child,
    ended,
    logs: () =>
      output.stdout
        .split('\n')
        // What follows the last newline is a line that has come in part so far, or nothing.
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    end: (signal) => {
      child.kill(signal);
      return ended;
    },
  };
};

/** Runs a server that can not start, to its end. */
export const failToStart = (env: Record<string, string>): Promise<Ended> => run(env).ended;
