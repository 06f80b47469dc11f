import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';
import { levelOnSignal } from '../src/index.ts';

const entry = fileURLToPath(new URL('../dist/index.js', import.meta.url));

/** Runs a script against the built package. @returns how it ended, and the messages of its lines. */
const run = (script: string): Promise<{ code: number | null; signal: string | null; messages: unknown[] }> =>
  new Promise((resolve, reject) => {
    const { NODE_OPTIONS: _jest, LOG_LEVEL: _level, ...env } = process.env;
    const preamble = `
      import * as l from ${JSON.stringify(entry)};
      import { once } from 'node:events';
      import { subscribe } from 'node:diagnostics_channel';
      // A listener of ours behind theirs says when the signal has been handled, and keeps nothing alive but the wait.
      const send = async (signal) => {
        const alive = setInterval(() => {}, 1_000);
        const handled = once(process, signal);
        process.kill(process.pid, signal);
        await handled;
        clearInterval(alive);
      };
      const log = l.createLogger({ name: 'a.b' });
      const say = (message) => { log.debug(message); };\n`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', preamble + script], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let stdout = '';
    child.stdout.on('data', (chunk) => {
      stdout += String(chunk);
    });
    child.once('error', reject);
    child.once('close', (code, signal) =>
      resolve({
        code,
        signal,
        messages: stdout
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => (JSON.parse(line) as { message: unknown }).message),
      }),
    );
  });

it('changes the level at a signal, and back at the next', async () => {
  const { code, messages } = await run(`
    const stop = l.levelOnSignal('SIGUSR2', 'debug', { pattern: 'a.*' });
    say('before');
    await send('SIGUSR2');
    say('on');
    await send('SIGUSR2');
    say('off');
    await send('SIGUSR2');
    say('on again');
    stop();
    say('stopped');`);
  expect({ code, messages }).toEqual({ code: 0, messages: ['on', 'on again'] });
}, 30_000);

it('begins its time anew at each signal, and does not keep the process alive', async () => {
  const { code, messages } = await run(`
    const timers = [];
    const schedule = (run) => { timers.push(run); return () => { timers[timers.indexOf(run)] = undefined; }; };
    l.levelOnSignal('SIGHUP', 'debug', { forMs: 60_000, schedule });
    await send('SIGHUP');
    await send('SIGHUP');
    say(timers.map((timer) => typeof timer).join());
    timers[1]();
    say('over');
    l.levelOnSignal('SIGUSR2', 'debug', { forMs: 60_000 });
    await send('SIGUSR2');
    say('end');`);
  expect({ code, messages }).toEqual({ code: 0, messages: ['undefined,function', 'end'] });
}, 30_000);

it.each<[string, () => unknown, string]>([
  ['SIGTERM', () => levelOnSignal('SIGTERM' as never, 'debug'), 'signal must be one of SIGUSR2, SIGHUP'],
  ['level', () => levelOnSignal('SIGUSR2', 'loud' as never), 'level must be one of'],
  ['pattern', () => levelOnSignal('SIGUSR2', 'debug', { pattern: '' }), 'pattern must be'],
  ['forMs', () => levelOnSignal('SIGUSR2', 'debug', { forMs: -1 }), 'forMs must be'],
])('refuses a wrong %s, and then listens to nothing', (_name, make, message) => {
  const before = process.listenerCount('SIGUSR2');
  expect(make).toThrow(message);
  expect(process.listenerCount('SIGUSR2')).toBe(before);
});
