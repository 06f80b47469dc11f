// The Node versions the packages promise to run on, each fetched from npm into a folder of its own:
// two `node` packages in one project would shadow each other's command.
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, saidBy } from './checks.ts';

/** The oldest we support, the one we develop on, the newest. */
export const supportedNodes = ['22.19', '24', '26'] as const;

export interface InstalledNode {
  wanted: string;
  /** The node program, or undefined with a `problem`. */
  program: string | undefined;
  version: string;
  problem: string | undefined;
}

const cache = join(tmpdir(), `agent4-node-${process.getuid?.() ?? 'user'}`);

const versionOf = async (program: string): Promise<string> => {
  const said = await run(program, ['--version'], { cwd: tmpdir(), timeoutMs: 10_000 });
  return said.status === 0 ? said.stdout.trim().replace(/^v/, '') : '';
};

const fits = (version: string, wanted: string): boolean => `${version}.`.startsWith(`${wanted}.`);

/** Finds the version kept by an earlier run, else installs it. */
export const installNode = async (wanted: string): Promise<InstalledNode> => {
  const folder = join(cache, wanted);
  const program = join(folder, 'node_modules', 'node', 'bin', 'node');
  if (existsSync(program)) {
    const version = await versionOf(program);
    if (fits(version, wanted)) return { wanted, program, version, problem: undefined };
    rmSync(folder, { recursive: true, force: true });
  }
  mkdirSync(cache, { recursive: true, mode: 0o700 });
  // Made aside and renamed when whole, so that a run that was interrupted leaves no half of it behind.
  const aside = mkdtempSync(join(cache, 'new-'));
  writeFileSync(join(aside, 'package.json'), JSON.stringify({ private: true }));
  const installed = await run('npm', ['install', '--no-audit', '--no-fund', `node@${wanted}`], {
    cwd: aside,
  });
  const version = await versionOf(join(aside, 'node_modules', 'node', 'bin', 'node'));
  if (installed.status !== 0 || !fits(version, wanted)) {
    rmSync(aside, { recursive: true, force: true });
    return { wanted, program: undefined, version: '', problem: saidBy(installed) };
  }
  try {
    renameSync(aside, folder);
  } catch (error) {
    rmSync(aside, { recursive: true, force: true });
    if (!existsSync(program)) return { wanted, program: undefined, version: '', problem: String(error) };
  }
  return { wanted, program, version, problem: undefined };
};
