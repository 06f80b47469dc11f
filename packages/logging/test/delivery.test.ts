import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';

const entry = fileURLToPath(new URL('../dist/index.js', import.meta.url));

interface Ended {
  code: number | null;
  lines: Array<Record<string, unknown>>;
  stderr: string;
}

/** Runs a script against the built package. `reader` decides when its stdout is read. */
const run = (
  script: string,
  options: { env?: NodeJS.ProcessEnv; reader?: 'now' | 'late' | 'closed' } = {},
): Promise<Ended> =>
  new Promise((resolve, reject) => {
    const { NODE_OPTIONS: _jest, LOG_LEVEL: _level, ...env } = process.env;
    const child = spawn(
      process.execPath,
      ['--input-type=module', '-e', `import * as l from ${JSON.stringify(entry)};\n${script}`],
      {
        env: { ...env, ...options.env },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    let stdout = '';
    let stderr = '';
    const read = (): void =>
      void child.stdout.on('data', (chunk) => {
        stdout += String(chunk);
      });
    if (options.reader === 'closed') child.stdout.destroy();
    child.stderr.on('data', (chunk) => {
      stderr += String(chunk);
      if (options.reader === 'late') read();
    });
    if (options.reader === undefined || options.reader === 'now') read();
    child.once('error', reject);
    child.once('close', (code) =>
      resolve({
        code,
        stderr,
        lines: stdout
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => JSON.parse(line) as Record<string, unknown>),
      }),
    );
  });

const burst = "for (let i = 0; i < 10_000; i++) l.appLogger.info('line', { i });";
const numbers = Array.from({ length: 10_000 }, (_, at) => at);

describe('with no setup', () => {
  it('delivers all lines in order before process.exit', async () => {
    const { code, lines } = await run(`${burst} process.exit(0);`);
    expect(code).toBe(0);
    expect(lines.map(({ i }) => i)).toEqual(numbers);
  }, 30_000);

  it('delivers all lines before an uncaught error ends the process', async () => {
    const { code, lines, stderr } = await run(`${burst} throw new Error('uncaught');`);
    expect(code).toBe(1);
    expect(lines.map(({ i }) => i)).toEqual(numbers);
    expect(stderr).toContain('Error: uncaught');
  }, 30_000);

  it('delivers all lines before an unhandled rejection and in an ordinary end', async () => {
    for (const end of ["Promise.reject(new Error('x'));", '']) {
      const { lines } = await run(`${burst} ${end}`);
      expect(lines).toHaveLength(10_000);
    }
  }, 30_000);

  it('delivers all lines to a non-blocking pipe whose reader starts late', async () => {
    // Touching process.stdout makes the pipe non-blocking: writes beyond its buffer then end in EAGAIN.
    const { code, lines } = await run(`process.stdout; ${burst} process.stderr.write('now'); `, {
      reader: 'late',
    });
    expect(code).toBe(0);
    expect(lines.map(({ i }) => i)).toEqual(numbers);
  }, 30_000);

  it('survives a closed stdout with one warning', async () => {
    const { code, stderr } = await run(`${burst} await l.appLogger.flush(); ${burst} process.exitCode = 7;`, {
      reader: 'closed',
    });
    expect(code).toBe(7);
    expect(stderr.match(/EPIPE/g)).toHaveLength(1);
  }, 30_000);
});

describe('LOG_LEVEL', () => {
  const levels = "l.appLogger.debug('d'); l.appLogger.info('i');";
  it('is obeyed in any case', async () => {
    expect((await run(levels, { env: { LOG_LEVEL: 'DEBUG' } })).lines.map(({ message }) => message)).toEqual([
      'd',
      'i',
    ]);
    expect((await run(levels)).lines.map(({ message }) => message)).toEqual(['i']);
  }, 30_000);

  it('is info with one warning line when it is no level', async () => {
    const { lines } = await run(levels, { env: { LOG_LEVEL: 'loud' } });
    expect(lines).toMatchObject([
      {
        level: 'warn',
        message: 'LOG_LEVEL has parts that are not understood; they are ignored',
        ignored: ['loud'],
      },
      { message: 'i' },
    ]);
  }, 30_000);
});
