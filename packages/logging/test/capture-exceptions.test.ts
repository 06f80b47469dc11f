import { expect, it } from '@jest/globals';
import { captureExceptions } from '../src/index.ts';
import { runChild } from './child.ts';

it('logs an uncaught error with its record, keeps the trace on stderr, and ends at once with code 1', async () => {
  const since = performance.now();
  const ended = await runChild(
    `l.captureExceptions(); setInterval(() => {}, 1_000); setImmediate(() => { throw new RangeError('boom', { cause: new Error('why') }); });`,
  );
  expect(ended.code).toBe(1);
  expect(ended.stderr).toMatch(/RangeError: boom[\s\S]+cause/);
  expect(JSON.parse(ended.stdout)).toMatchObject({
    level: 'error',
    message: 'uncaught exception',
    origin: 'uncaughtException',
    error: { name: 'RangeError', message: 'boom', cause: { message: 'why' } },
  });
  // winston's own handler waits three seconds here.
  expect(performance.now() - since).toBeLessThan(2_500);
}, 30_000);

it('logs an unhandled rejection, whatever it is rejected with', async () => {
  for (const [reason, shown] of [
    ["new Error('late')", 'late'],
    ["'text'", 'the reason "text"'],
    ['undefined', 'the reason "undefined"'],
  ]) {
    const ended = await runChild(`l.captureExceptions(); Promise.reject(${reason});`);
    expect(ended.code).toBe(1);
    expect(JSON.parse(ended.stdout)).toMatchObject({
      message: 'unhandled rejection',
      origin: 'unhandledRejection',
      error: { message: expect.stringContaining(shown!) },
    });
  }
}, 30_000);

it('lets handlers of the application decide as before', async () => {
  const ended = await runChild(
    `l.captureExceptions(); process.on('uncaughtException', () => process.exit(42)); setImmediate(() => { throw new Error('x'); });`,
  );
  expect(ended.code).toBe(42);
  expect(ended.stdout).toContain('uncaught exception');
}, 30_000);

it('with exit: false logs and goes on', async () => {
  const ended = await runChild(
    `l.captureExceptions(l.createLogger({ name: 'x' }), { exit: false });
     setImmediate(() => { throw new Error('x'); }); setTimeout(() => { console.log('alive'); process.exit(0); }, 20);`,
  );
  expect(ended.code).toBe(0);
  expect(ended.stdout).toMatch(/uncaught exception[\s\S]+alive/);
}, 30_000);

it('survives a logger that throws, and can be taken back', async () => {
  const ended = await runChild(
    `l.captureExceptions({ error() { throw new Error('logger broken'); } }); throw new Error('the real one');`,
  );
  expect(ended.code).toBe(1);
  expect(ended.stderr).toContain('the real one');
  const before = process.listenerCount('uncaughtExceptionMonitor');
  const undo = captureExceptions();
  expect(process.listenerCount('uncaughtExceptionMonitor')).toBe(before + 1);
  undo();
  expect(process.listenerCount('uncaughtExceptionMonitor')).toBe(before);
}, 30_000);

it('refuses what is no logger and what is no option', () => {
  expect(() => captureExceptions({} as never)).toThrow(
    'logger must be an object with error(message, fields), got [object Object]',
  );
  expect(() => captureExceptions(null as never)).toThrow('got null');
  expect(() => captureExceptions(undefined, { exits: true } as never)).toThrow(
    'captureExceptions has no option "exits"',
  );
  expect(() => captureExceptions(undefined, { exit: 1 as never })).toThrow(
    'exit must be true or false, got 1',
  );
});
