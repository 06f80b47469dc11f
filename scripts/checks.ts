// What the release checks have in common: running a command to its end, and counting claims one by one.
import { spawn } from 'node:child_process';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root: string = dirname(dirname(fileURLToPath(import.meta.url)));

export interface Finished {
  status: number;
  stdout: string;
  stderr: string;
}

/** A reason when the claim does not hold, undefined when it does. */
export type Verdict = string | undefined;

/** Settings that belong to the pnpm run around us; npm in a folder of its own must not inherit them. */
const inherited =
  /^(NODE_OPTIONS|PNPM_PACKAGE_NAME|INIT_CWD|npm_config_(global_prefix|local_prefix|prefix|npm_version|user_agent)|npm_(lifecycle|package|command|execpath|node_execpath).*|pnpm_.*)$/;

const cleanEnvironment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !inherited.test(name)));

/** Runs a command to its end and never rejects: what could not start or took too long has a status other than 0. */
export const run = (
  command: string,
  args: string[],
  options: { cwd: string; timeoutMs?: number; env?: NodeJS.ProcessEnv },
): Promise<Finished> =>
  new Promise((resolve) => {
    const timeoutMs = options.timeoutMs ?? 120_000;
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...cleanEnvironment(), ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => {
      stdout += String(chunk);
    });
    child.stderr.on('data', (chunk) => {
      stderr += String(chunk);
    });
    const limit = setTimeout(() => {
      stderr += `\n${basename(command)} was ended after ${timeoutMs} ms`;
      child.kill('SIGKILL');
    }, timeoutMs);
    const finish = (status: number): void => {
      clearTimeout(limit);
      resolve({ status, stdout, stderr });
    };
    child.once('error', (error) => {
      stderr += error.message;
      finish(127);
    });
    child.once('close', (code) => finish(code ?? 1));
  });

/** A command of the repository's own devDependencies. */
export const tool = (name: string): string => join(root, 'node_modules', '.bin', name);

/** The pnpm that runs us, else the one the README names. */
export const pnpm = (args: string[], cwd: string): Promise<Finished> => {
  const running = process.env.npm_execpath;
  return running !== undefined && /^pnpm(\.exe)?$/.test(basename(running))
    ? run(running, args, { cwd })
    : run('npx', ['-y', 'pnpm@12', ...args], { cwd });
};

/** The gist of what a failed command said, on one line. */
export const saidBy = (finished: Finished): string =>
  `${finished.stdout}\n${finished.stderr}`
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^(npm warn|[┌├└])/.test(line))
    .slice(-12)
    .join(' | ')
    .slice(-1_200);

/** Counts claims about one subject. Lines are kept, so that subjects checked side by side print one after the other. */
export class Checklist {
  passed = 0;
  failed = 0;
  readonly lines: string[] = [];

  check(claim: string, verdict: Verdict): void {
    if (verdict === undefined) {
      this.passed++;
      this.lines.push(`  ok    ${claim}`);
    } else {
      this.failed++;
      this.lines.push(`  FAIL  ${claim}: ${verdict}`);
    }
  }

  note(text: string): void {
    this.lines.push(`        ${text}`);
  }
}
