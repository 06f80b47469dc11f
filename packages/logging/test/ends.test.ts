import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { numbersIn, runChild } from './child.ts';
import { LogFolder } from './log-folder.ts';

const lines = 10_000;
const burst = "for (let i = 0; i < 10_000; i++) log.info('line', { i });";
const stay = 'setInterval(() => {}, 1_000);';

const kinds = {
  stdout: "const log = l.createLogger({ name: 'x' });",
  'a file':
    "const log = l.createLogger({ name: 'x', destination: l.fileDestination({ path: process.argv[1] }) });",
  'a file that rotates':
    "const log = l.createLogger({ name: 'x', destination: l.fileDestination({ path: process.argv[1], maxBytes: 100_000 }) });",
  'an isolated stdout':
    "const log = l.createLogger({ name: 'x', destination: l.isolated('stdout', { policy: 'block' }) });",
};

describe.each(Object.entries(kinds))('10,000 lines to %s are all there after', (_kind, make) => {
  const run = async (script: string) => {
    const folder = new LogFolder();
    const ended = await runChild(`${make}\n${script}`, { args: [folder.path] });
    const numbers = numbersIn([...folder.lines, ...ended.stdout.split('\n')]);
    return { ...ended, missing: lines - numbers.length, inOrder: numbers.every((i, at) => i === at) };
  };

  it('process.exit', async () => {
    expect(await run(`${burst} process.exit(3);`)).toMatchObject({ code: 3, missing: 0, inOrder: true });
  }, 30_000);

  it('an uncaught error, also one thrown in its handler that exits', async () => {
    expect(await run(`${burst} throw new Error('uncaught');`)).toMatchObject({
      code: 1,
      missing: 0,
      inOrder: true,
    });
    expect(
      await run(`process.on('uncaughtException', () => process.exit(9)); ${burst} throw new Error('x');`),
    ).toMatchObject({ code: 9, missing: 0, inOrder: true });
  }, 30_000);

  it.each([
    ['is the first to log', ''],
    ['comes later than ours', "log.debug('not written');"],
  ])(
    'an exit listener that %s',
    async (_which, before) => {
      expect(await run(`${before} process.on('exit', () => { ${burst} });`)).toMatchObject({
        code: 0,
        missing: 0,
        inOrder: true,
      });
    },
    30_000,
  );

  it('an unhandled rejection', async () => {
    expect(await run(`${burst} Promise.reject(new Error('x'));`)).toMatchObject({
      code: 1,
      missing: 0,
      inOrder: true,
    });
  }, 30_000);

  it('SIGTERM and SIGINT, opted in, with the exit status of the signal', async () => {
    for (const signal of ['SIGTERM', 'SIGINT'])
      expect(
        await run(`l.flushOnSignals(); ${stay} ${burst} process.kill(process.pid, '${signal}');`),
      ).toMatchObject({ code: null, signal, missing: 0, inOrder: true });
  }, 30_000);
});

describe('flushOnSignals', () => {
  it('delivers what was logged in the very turn of the signal', async () => {
    const ended = await runChild(
      `l.flushOnSignals(['SIGTERM']); ${stay}
       process.kill(process.pid, 'SIGTERM');
       const until = Date.now() + 50; while (Date.now() < until);
       l.appLogger.info('last');`,
    );
    expect(ended).toMatchObject({ code: null, signal: 'SIGTERM' });
    expect(ended.stdout).toContain('"last"');
  }, 30_000);

  it('waits for transports, but no longer than told', async () => {
    const transport = (answerMs: number): string =>
      `class Slow extends Transport { log(info, next) { setTimeout(() => { process.stderr.write('got it'); next(); }, ${answerMs}); } }
       const { default: Transport } = await import('winston-transport');`
        .split('\n')
        .reverse()
        .join('\n');
    const script = (answerMs: number, timeoutMs: number): string =>
      `${transport(answerMs)}
       const log = l.createLogger({ name: 'x', transports: new Slow() });
       l.flushOnSignals(['SIGTERM'], { timeoutMs: ${timeoutMs} }); ${stay}
       log.info('m'); process.kill(process.pid, 'SIGTERM');`;
    const patient = await runChild(script(50, 20_000));
    expect([patient.signal, patient.stderr]).toEqual(['SIGTERM', 'got it']);
    const hasty = await runChild(script(60_000, 50));
    expect([hasty.signal, hasty.stderr]).toEqual(['SIGTERM', '']);
  }, 30_000);

  it('ends at once at a second signal', async () => {
    const ended = await runChild(
      `l.flushOnSignals(['SIGTERM', 'SIGINT'], { timeoutMs: 3_600_000 }); ${stay}
       l.createLogger({ name: 'x', destination: { write() {}, flush: () => new Promise(() => {}) } }).info('m');
       process.kill(process.pid, 'SIGTERM');
       setImmediate(() => process.kill(process.pid, 'SIGINT'));`,
    );
    expect(ended).toMatchObject({ code: null, signal: 'SIGINT' });
  }, 30_000);

  it('only flushes when the application listens itself, and lets it end in its own time', async () => {
    const ended = await runChild(
      `process.on('SIGTERM', () => setTimeout(() => { l.appLogger.info('goodbye'); process.exit(5); }, 20));
       l.flushOnSignals(); ${stay}
       process.kill(process.pid, 'SIGTERM');`,
    );
    expect(ended).toMatchObject({ code: 5, signal: null });
    expect(ended.stdout).toContain('goodbye');
  }, 30_000);

  it('can be taken back, and called twice', async () => {
    const ended = await runChild(
      `const first = l.flushOnSignals(['SIGTERM']); const second = l.flushOnSignals(['SIGTERM']);
       second(); first(); process.stderr.write(String(process.listenerCount('SIGTERM')));
       l.flushOnSignals(['SIGTERM']); l.flushOnSignals(['SIGTERM'], { timeoutMs: 1 }); ${stay}
       l.appLogger.info('m'); process.kill(process.pid, 'SIGTERM');`,
    );
    expect(ended).toMatchObject({ signal: 'SIGTERM', stderr: '0' });
    expect(ended.stdout).toContain('"m"');
  }, 30_000);

  it('ends the process when two copies of the package listen, with the lines of both', async () => {
    const copy = `${new URL('../dist/index.js', import.meta.url).href}?copy`;
    const ended = await runChild(
      `import { registerHooks } from 'node:module';
       registerHooks({ resolve(name, context, next) {
         const found = next(name, context);
         return name.startsWith('.') && context.parentURL?.endsWith('?copy') ? { ...found, url: found.url + '?copy' } : found;
       } });
       const other = await import('${copy}');
       if (other.appLogger === l.appLogger) throw new Error('one copy');
       for (const each of [l, other]) { each.flushOnSignals(['SIGTERM']); each.appLogger.info('m'); }
       const limit = setTimeout(() => process.exit(9), 10_000);
       process.kill(process.pid, 'SIGTERM');`,
    );
    expect(ended).toMatchObject({ code: null, signal: 'SIGTERM' });
    expect(ended.stdout.match(/"m"/g)).toHaveLength(2);
  }, 30_000);

  it('refuses what is no signal of its list', async () => {
    const ended = await runChild(
      `for (const given of [['SIGKILL'], [], 'SIGTERM', [5]]) try { l.flushOnSignals(given); } catch (error) { console.log(error.message); }
       try { l.flushOnSignals(['SIGTERM'], { timeout: 5 }); } catch (error) { console.log(error.message); }`,
    );
    expect(ended.stdout.split('\n')).toEqual([
      'signals must be of SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGBREAK, SIGUSR2, got SIGKILL',
      'signals must be a non-empty array, got []',
      'signals must be a non-empty array, got SIGTERM',
      'signals must be of SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGBREAK, SIGUSR2, got 5',
      'flushOnSignals has no option "timeout"; it knows timeoutMs',
      '',
    ]);
  }, 30_000);
});

it('lines logged by exit listeners, whenever they were added, are delivered', async () => {
  const folder = new LogFolder();
  const ended = await runChild(
    `process.on('exit', () => l.appLogger.info('first'));
     const file = l.createLogger({ name: 'f', destination: l.isolated(l.fileDestination({ path: process.argv[1] })) });
     l.appLogger.info('m'); file.info('m', { i: 0 });
     process.on('exit', () => { l.appLogger.info('last'); file.info('last', { i: 1 }); });`,
    { args: [folder.path] },
  );
  expect(ended.stdout.match(/"message":"(\w+)"/g)).toHaveLength(3);
  expect(numbersIn(folder.lines)).toEqual([0, 1]);
}, 30_000);

it('lines that a file refuses until the end are counted and told on stderr', async () => {
  const folder = new LogFolder();
  const ended = await runChild(
    `l.createLogger({ name: 'x', destination: l.fileDestination({ path: '/dev/full' }) }).info('m');
     process.on('exit', () => console.log(JSON.stringify(l.loggingMetrics().destinations['/dev/full'].drops)));`,
    { args: [folder.path] },
  );
  expect(ended.code).toBe(0);
  expect(ended.stderr).toContain('/dev/full takes no lines (ENOSPC)');
  expect(ended.stderr).toContain('1 lines for /dev/full were lost at exit');
  expect(ended.stdout.trim()).toBe('{"exit":1}');
}, 30_000);

it('SIGHUP, opted in, opens the file anew', async () => {
  const folder = new LogFolder();
  const moved = join(folder.folder, 'moved');
  const ended = await runChild(
    `const destination = l.fileDestination({ path: process.argv[1], reopenOn: 'SIGHUP' });
     const log = l.createLogger({ name: 'x', destination });
     log.info('a', { i: 0 }); await log.flush();
     process.on('SIGHUP', () => { log.info('b', { i: 1 }); clearInterval(stay); });
     const stay = setInterval(() => {}, 1_000);
     process.stderr.write('ready');`,
    {
      args: [folder.path],
      onStderr: (_text, child) => {
        renameSync(folder.path, moved);
        child.kill('SIGHUP');
      },
    },
  );
  expect(ended.code).toBe(0);
  expect([numbersIn(folder.text('moved').split('\n')), numbersIn(folder.lines)]).toEqual([[0], [1]]);
}, 30_000);

it('three processes append to one file while it rotates: every line is there once, and whole', async () => {
  const folder = new LogFolder();
  const script = `const destination = l.fileDestination({ path: process.argv[1], maxBytes: 20_000 });
     const log = l.createLogger({ name: process.argv[2], destination });
     for (let turn = 0; turn < 100; turn++) {
       for (let at = 0; at < 20; at++) log.info('line', { i: process.argv[2] + ':' + (turn * 20 + at) });
       await new Promise((resolve) => setImmediate(resolve));
     }`;
  const names = ['a', 'b', 'c'];
  const ends = await Promise.all(names.map((name) => runChild(script, { args: [folder.path, name] })));
  expect(ends.map(({ code, stderr }) => [code, stderr])).toEqual([
    [0, ''],
    [0, ''],
    [0, ''],
  ]);
  const expected = names.flatMap((name) => Array.from({ length: 2_000 }, (_, at) => `${name}:${at}`));
  expect(numbersIn(folder.lines).toSorted()).toEqual(expected.toSorted());
  expect(folder.names.length).toBeGreaterThan(10);
  expect(folder.names).not.toContain('app.log.lock');
}, 60_000);

it('a destination that logs at each write does not keep the process from ending', async () => {
  const ended = await runChild(
    `let calls = 0;
     const log = l.createLogger({ name: 'x', destination: l.isolated({ write() { calls++; log.info('echo'); } }) });
     log.info('m');
     process.on('exit', () => { log.info('last'); console.log(calls > 0 && calls < 20_000); });`,
  );
  expect(ended).toMatchObject({ code: 0, stdout: 'true\n' });
}, 30_000);
