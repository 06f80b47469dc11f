import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';

const entry = fileURLToPath(new URL('../dist/index.js', import.meta.url));

const linesOf = (end: string): Array<Record<string, unknown>> => {
  const { NODE_OPTIONS: _jest, LOG_LEVEL: _level, ...env } = process.env;
  const script = `import * as l from ${JSON.stringify(entry)};
    l.configureLogging({ throttle: { dedupe: { first: 1, every: 0 }, intervalMs: 60_000 } });
    for (let i = 0; i < 1_000; i++) l.appLogger.info('line');
    ${end}`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    env,
    encoding: 'utf8',
    timeout: 20_000,
  });
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
};

it.each([
  ['process.exit', 'process.exit(0);'],
  ['an uncaught error', "throw new Error('uncaught');"],
  ['an ordinary end, which no timer delays', ''],
  ['a flush before SIGKILL', "await l.appLogger.flush(); process.kill(process.pid, 'SIGKILL');"],
])(
  'tells what was held back before %s',
  (_name, end) => {
    expect(linesOf(end)).toMatchObject([
      { message: 'line' },
      { message: 'line', suppressed: 999, reason: 'dedupe' },
    ]);
  },
  30_000,
);
