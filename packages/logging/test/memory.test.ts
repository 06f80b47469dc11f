import { expect, it } from '@jest/globals';
import { numbersIn, runChild } from './child.ts';
import { LogFolder } from './log-folder.ts';

const nodeOptions = ['--expose-gc'];
const MiB = 1024 * 1024;

/** What stays in memory, in bytes, told at the end of the very turn, before anything could be written later. */
const measured = (work: string): string => `
  const used = () => { gc(); gc(); const { heapUsed, external } = process.memoryUsage(); return heapUsed + external; };
  const log = l.appLogger;
  for (let i = 0; i < 1_000; i++) log.info('warm', { i: -1 });
  await log.flush();
  const before = used();
  ${work}
  process.stderr.write(JSON.stringify({ growth: used() - before, ...(globalThis.extra ?? {}) }));
`;

const burst =
  "for (let i = 0; i < 100_000; i++) log.info('a line of the usual length', { i, user: 'u-' + i, ok: true });";

const lineNumbers = (lines: readonly string[]): unknown[] => numbersIn(lines).filter((i) => i !== -1);
const all = Array.from({ length: 100_000 }, (_, at) => at);

it('a burst of 100,000 lines in one turn leaves less than 10 MiB behind, and all are there, with stdout going to a file', async () => {
  const log = new LogFolder();
  const { stderr } = await runChild(measured(burst), { nodeOptions, stdout: log.path });
  expect((JSON.parse(stderr) as { growth: number }).growth).toBeLessThan(10 * MiB);
  expect(lineNumbers(log.lines)).toEqual(all);
}, 60_000);

it('so with a pipe that is read: what its reader is too slow for is bounded, counted and told', async () => {
  const { stdout, stderr } = await runChild(`process.stdout; ${measured(burst)}`, { nodeOptions });
  const [growth, ...warnings] = stderr.split(/(?<=\})/);
  expect((JSON.parse(growth!) as { growth: number }).growth).toBeLessThan(10 * MiB);
  const dropped = Number(/(\d+) lines were dropped/.exec(warnings.join(''))?.[1] ?? 0);
  const written = lineNumbers(stdout.split('\n'));
  expect(written.length + dropped).toBe(100_000);
  expect(new Set(written).size).toBe(written.length);
}, 60_000);

it('so into a file of ours', async () => {
  const log = new LogFolder();
  const script = `l.configureLogging({ destination: l.fileDestination({ path: process.argv[1] }) }); ${measured(burst)}`;
  const { stderr } = await runChild(script, { nodeOptions, args: [log.path] });
  expect((JSON.parse(stderr) as { growth: number }).growth).toBeLessThan(10 * MiB);
  expect(lineNumbers(log.lines)).toEqual(all);
}, 60_000);

it('1,000,000 children leave nothing behind: neither memory nor a listener', async () => {
  const { stderr } = await runChild(
    measured(`
      const listeners = () => log.eventNames().reduce((sum, name) => sum + log.listenerCount(name), 0);
      const own = () => Reflect.ownKeys(log).length;
      const at = [listeners(), own()];
      log.level = 'warn';
      for (let i = 0; i < 1_000_000; i++) {
        const child = log.child({ i });
        child.debug('no');
        if (i % 1_000 === 0) child.child({ j: i }).warn('line');
      }
      globalThis.extra = { listeners: listeners() - at[0], own: own() - at[1] };
    `),
    { nodeOptions },
  );
  const { growth, listeners, own } = JSON.parse(stderr) as { growth: number; listeners: number; own: number };
  expect([listeners, own]).toEqual([0, expect.any(Number)]);
  expect(own).toBeLessThan(5);
  expect(growth).toBeLessThan(3 * MiB);
}, 120_000);

it('a process that captured 100,000 lines in pieces keeps none of them', async () => {
  const testing = new URL('../dist/testing.js', import.meta.url).href;
  const { stderr, stdout } = await runChild(
    measured(`
      const { captureLogs } = await import(${JSON.stringify(testing)});
      for (let turn = 0; turn < 100; turn++)
        captureLogs(() => { for (let i = 0; i < 1_000; i++) log.info('captured', { i }); }).expectLogged({ i: 999 });
    `),
    { nodeOptions },
  );
  expect((JSON.parse(stderr) as { growth: number }).growth).toBeLessThan(3 * MiB);
  expect(lineNumbers(stdout.split('\n'))).toEqual([]);
}, 60_000);
