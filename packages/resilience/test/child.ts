import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const entry = new URL('../src/index.ts', import.meta.url).href;
const here = fileURLToPath(new URL('.', import.meta.url));

/** Runs a script in a process of its own, `r` being what this package exports, until it ends. */
export const runChild = (script: string): Promise<{ code: number | null; stdout: string; stderr: string }> =>
  new Promise((resolve, reject) => {
    const { NODE_OPTIONS: _jest, ...env } = process.env;
    const code = `import * as r from ${JSON.stringify(entry)};\n${script}`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], { cwd: here, env });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => {
      stdout += String(chunk);
    });
    child.stderr.on('data', (chunk) => {
      stderr += String(chunk);
    });
    child.once('error', reject);
    child.once('close', (status) => resolve({ code: status, stdout, stderr }));
  });
