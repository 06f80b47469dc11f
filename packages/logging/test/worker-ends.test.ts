import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { numbersIn, runChild } from './child.ts';
import { LogFolder } from './log-folder.ts';

const url = (file: string): string => JSON.stringify(new URL(`../dist/${file}.js`, import.meta.url).href);
const intro = `
const { workerDestination } = await import(${url('worker')});
const { openWorkerDestination } = await import(${url('worker/destination')});
const { startThread } = await import(${url('worker/start-thread')});
const [path, module] = process.argv.slice(1);
const logTo = (destination) => l.createLogger({ name: 'w', destination });
const many = (log, from = 0, to = 10_000) => { for (let i = from; i < to; i++) log.info('line', { i }); };
const turn = () => new Promise((resolve) => setImmediate(resolve));
`;

const all = Array.from({ length: 10_000 }, (_, at) => at);

const run = async (script: string, module?: string, onStderr?: Parameters<typeof runChild>[1]) => {
  const log = new LogFolder();
  const file = join(log.folder, 'destination.mjs');
  if (module !== undefined) writeFileSync(file, module);
  const ended = await runChild(intro + script, { args: [log.path, file], ...onStderr });
  return { ...ended, numbers: log.names.includes('app.log') ? numbersIn(log.lines) : [] };
};

/** Appends to the file it is given, by the means of a thread. */
const appending = `
import { appendFileSync } from 'node:fs';
export default ({ path }) => ({ write: (text) => appendFileSync(path, text) });
`;

describe('10,000 lines to a worker are all there, in order, after', () => {
  it.each([
    ['process.exit', 'process.exit(3);', 3],
    ['an uncaught error', "throw new Error('uncaught');", 1],
    ['an ordinary end', '', 0],
    ['flush and exit', 'await log.flush(); process.exit(4);', 4],
    ['lines that listeners of the end log', "process.on('exit', () => { many(log, 9_990); });", 0],
  ])(
    '%s',
    async (name, end, expected) => {
      const to = name.startsWith('lines') ? 9_990 : 10_000;
      const { code, numbers } = await run(
        `const log = logTo(workerDestination({ path })); many(log, 0, ${to}); ${end}`,
      );
      expect([code, numbers]).toEqual([expected, all]);
    },
    30_000,
  );

  it('SIGTERM with flushOnSignals', async () => {
    const { signal, numbers } = await run(
      `const log = logTo(workerDestination({ path })); l.flushOnSignals(['SIGTERM']);
       many(log); process.stderr.write('now'); setInterval(() => {}, 1_000);`,
      undefined,
      { onStderr: (text, child) => text.includes('now') && child.kill('SIGTERM') },
    );
    expect([signal, numbers]).toEqual(['SIGTERM', all]);
  }, 30_000);

  it('process.exit, to a destination of a module', async () => {
    const { code, numbers } = await run(
      'many(logTo(workerDestination({ module, options: { path } }))); process.exit(0);',
      appending,
    );
    expect([code, numbers]).toEqual([0, all]);
  }, 30_000);

  it('process.exit, to one that answers with promises', async () => {
    const { numbers } = await run(
      'many(logTo(workerDestination({ module, options: { path } }))); process.exit(0);',
      `import { appendFile } from 'node:fs/promises';
       export default async ({ path }) => ({ write: (text) => appendFile(path, text) });`,
    );
    expect(numbers).toEqual(all);
  }, 30_000);
});

describe('a worker that dies', () => {
  it('under load loses nothing: at most what it was writing is there twice', async () => {
    const { numbers, stderr } = await run(`
      let thread;
      const log = logTo(openWorkerDestination({ path }, (data) => (thread = startThread(data))));
      for (let i = 0; i < 10_000; i += 100) {
        many(log, i, i + 100);
        if (i === 5_000) thread.terminate();
        await turn();
      }
      await log.flush();`);
    expect([...new Set(numbers)].sort((a, b) => Number(a) - Number(b))).toEqual(all);
    expect(numbers.length).toBeLessThan(10_000 + 500);
    expect(stderr.match(/is written by the main thread from here on/g)).toHaveLength(1);
  }, 30_000);

  it('by an error of the module’s, at any time, is replaced by the main thread', async () => {
    const { numbers, stderr } = await run(
      `const log = logTo(workerDestination({ module, options: { path } }));
       for (let i = 0; i < 10_000; i += 100) { many(log, i, i + 100); await turn(); }
       await log.flush();`,
      `import { appendFileSync } from 'node:fs';
       import { isMainThread } from 'node:worker_threads';
       let left = 20;
       export default ({ path }) => ({ write: (text) => {
         if (!isMainThread && --left < 0) process.exit(9);
         appendFileSync(path, text);
       } });`,
    );
    expect(numbers).toEqual(all);
    expect(stderr).toContain('the thread ended with code 9');
  }, 30_000);

  it('in the very turn in which the process ends is not waited for', async () => {
    const { numbers, stderr } = await run(
      `many(logTo(workerDestination({ module, options: { path }, exitTimeoutMs: 60_000 }))); process.exit(0);`,
      `import { appendFileSync } from 'node:fs';
       import { isMainThread } from 'node:worker_threads';
       if (!isMainThread) throw new Error('not in a thread');
       export default ({ path }) => ({ write: (text) => appendFileSync(path, text) });`,
    );
    expect(numbers).toEqual(all);
    expect(stderr).toContain('is written by the main thread from here on: the thread has ended');
  }, 30_000);

  it('that hangs is given up at exit, and the main thread writes what it did not', async () => {
    const { numbers, code } = await run(
      `many(logTo(workerDestination({ module, options: { path }, exitTimeoutMs: 200 }))); process.exit(5);`,
      `import { appendFileSync } from 'node:fs';
       import { isMainThread } from 'node:worker_threads';
       export default ({ path }) => ({
         write: (text) => (isMainThread ? appendFileSync(path, text) : new Promise(() => {})),
       });`,
    );
    expect([code, numbers]).toEqual([5, all]);
  }, 30_000);

  it('whose module waits at its top cannot be replaced at exit: the lines are lost, counted and told', async () => {
    const { numbers, stderr } = await run(
      `many(logTo(workerDestination({ module, options: { path }, exitTimeoutMs: 200 })));
       process.on('exit', () => console.error('dropped', l.loggingHealth()[0].dropped));`,
      `import { appendFileSync } from 'node:fs';
       await new Promise(() => { setInterval(() => {}, 1_000); });
       export default ({ path }) => ({ write: (text) => appendFileSync(path, text) });`,
    );
    expect(numbers).toEqual([]);
    expect(stderr).toMatch(
      /takes no lines any more[\s\S]*10000 lines for .* were lost at exit\ndropped 10000\n/,
    );
  }, 30_000);

  it('and a module that is none: the lines are lost, counted and told', async () => {
    const { code, stderr } = await run(
      `many(logTo(workerDestination({ module }))); process.on('exit', () => console.error(l.loggingHealth()[0].dropped)); `,
      'export default 3;',
    );
    expect(code).toBe(0);
    expect(stderr).toContain('takes no lines any more, they are dropped');
    expect(stderr).toMatch(/10000/);
  }, 30_000);
});

it('a destination of a module that refuses is tried again, and what it then refuses is told', async () => {
  const { numbers, stderr } = await run(
    `l.configureLogging({});
     const { subscribe } = await import('node:diagnostics_channel');
     const seen = { failure: 0, drop: [] };
     subscribe('agent4:logging:failure', () => { seen.failure++; });
     subscribe('agent4:logging:drop', ({ records, reason }) => { seen.drop.push([records, reason]); });
     const log = logTo(workerDestination({ module, options: { path } }));
     for (let i = 0; i < 3; i++) { many(log, i, i + 1); await log.flush(); }
     process.stderr.write(JSON.stringify(seen));`,
    `import { appendFileSync } from 'node:fs';
     let calls = 0;
     export default ({ path }) => ({ write: (text) => {
       calls++;
       if (text.includes('"i":1') || calls === 1) throw new Error('refused');
       appendFileSync(path, text);
     } });`,
  );
  // The one without a number tells of the one that was dropped.
  expect(numbers).toEqual([0, undefined, 2]);
  expect(JSON.parse(stderr)).toEqual({ failure: 5, drop: [[1, 'refused']] });
}, 30_000);
