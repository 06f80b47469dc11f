// Samples in a README are code: this takes them out, type-checks them against the built package, and runs them.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * One fenced block of a README. The words after the language steer it:
 * `ts` is checked and run, `ts no-run` only checked, `ts tc39` / `ts legacy` is transformed for that decorator dialect.
 * A block fenced as `text output` or `json output` right behind it is what it must print; `…` in it stands for anything.
 */
export interface Sample {
  line: number;
  code: string;
  mode: 'run' | 'no-run' | 'tc39' | 'legacy';
  output: string | undefined;
}

const root = dirname(dirname(fileURLToPath(import.meta.url)));

export const samplesIn = (markdown: string): Sample[] => {
  const samples: Sample[] = [];
  const lines = markdown.split('\n');
  for (let at = 0; at < lines.length; at++) {
    const fence = /^```(\w+)(?: +(.*))?$/.exec(lines[at]!);
    if (fence === null) continue;
    const start = at + 1;
    while (++at < lines.length && lines[at] !== '```');
    const code = lines.slice(start, at).join('\n');
    const words = (fence[2] ?? '').split(/\s+/);
    if (fence[1] === 'ts' || fence[1] === 'typescript') {
      const mode = (['no-run', 'tc39', 'legacy'] as const).find((word) => words.includes(word)) ?? 'run';
      samples.push({ line: start, code, mode, output: undefined });
    } else if (words.includes('output') && samples.length > 0) {
      samples[samples.length - 1]!.output = code;
    }
  }
  return samples;
};

const run = (
  command: string,
  args: string[],
  cwd: string,
): Promise<{ status: number; stdout: string; stderr: string }> =>
  new Promise((resolve, reject) => {
    const { NODE_OPTIONS: _jestOptions, ...env } = process.env;
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => {
      stdout += String(chunk);
    });
    child.stderr.on('data', (chunk) => {
      stderr += String(chunk);
    });
    const limit = setTimeout(() => child.kill('SIGKILL'), 30_000);
    child.once('error', reject);
    child.once('close', (status) => {
      clearTimeout(limit);
      resolve({ status: status ?? 1, stdout, stderr });
    });
  });

const matches = (printed: string, expected: string): boolean => {
  const pattern = expected
    .trim()
    .split('…')
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('[\\s\\S]*?');
  return new RegExp(`^${pattern}$`).test(printed.trim());
};

const config = (files: string[], legacy: boolean): string =>
  JSON.stringify({
    extends: join(root, 'tsconfig.base.json'),
    compilerOptions: { noEmit: true, ...(legacy ? { experimentalDecorators: true } : {}) },
    files,
  });

/** Checks every sample of `<folder>/<readme>`; the answer lists what is wrong, a line each, empty when all is well. */
export const checkReadme = async (
  folder: string,
  readme = 'README.md',
): Promise<{ samples: number; problems: string[] }> => {
  const samples = samplesIn(readFileSync(join(folder, readme), 'utf8'));
  const out = join(folder, '.readme-samples');
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const problems: string[] = [];
  const fileOf = (sample: Sample): string => join(out, `line-${sample.line}.ts`);
  for (const sample of samples) writeFileSync(fileOf(sample), `${sample.code}\nexport {};\n`);

  for (const legacy of [false, true]) {
    const files = samples.filter((sample) => (sample.mode === 'legacy') === legacy).map(fileOf);
    if (files.length === 0) continue;
    const name = join(out, legacy ? 'tsconfig.legacy.json' : 'tsconfig.json');
    writeFileSync(name, config(files, legacy));
    const checked = await run(join(root, 'node_modules/.bin/tsc'), ['-p', name], folder);
    if (checked.status !== 0) problems.push(`${readme}: types: ${checked.stdout.trim()}`);
  }

  for (const sample of samples) {
    if (sample.mode === 'no-run') continue;
    let file = fileOf(sample);
    if (sample.mode !== 'run') {
      const { transformSync } = await import('@swc/core');
      const { code } = transformSync(`${sample.code}\nexport {};\n`, {
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: sample.mode === 'legacy' ? { legacyDecorator: true } : { decoratorVersion: '2022-03' },
        },
        module: { type: 'es6' },
      });
      file = file.replace(/\.ts$/, '.mjs');
      writeFileSync(file, code);
    }
    const result = await run(process.execPath, [file], folder);
    if (result.status !== 0)
      problems.push(`${readme}:${sample.line} exited ${result.status}: ${result.stderr.trim()}`);
    else if (sample.output !== undefined && !matches(result.stdout, sample.output))
      problems.push(
        `${readme}:${sample.line} printed\n${result.stdout.trim()}\ninstead of\n${sample.output.trim()}`,
      );
  }
  rmSync(out, { recursive: true, force: true });
  return { samples: samples.length, problems };
};
