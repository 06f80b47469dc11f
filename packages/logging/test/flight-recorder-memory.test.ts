import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';

const entry = fileURLToPath(new URL('../dist/index.js', import.meta.url));

it('stays near its cap with 10,000 open contexts, and gives all of it back when they are gone', () => {
  const { NODE_OPTIONS: _jest, ...env } = process.env;
  const script = `import { configureLogging, CorrelationContext, createLogger } from ${JSON.stringify(entry)};
    const log = createLogger({ name: 'x', destination: { write() {} } });
    configureLogging({ recorder: { level: 'debug', maxTotalBytes: 8_388_608 } });
    const held = () => { gc(); return process.memoryUsage().heapUsed / 1_048_576; };
    let open = [];
    const fill = (records) => {
      for (let at = 0; at < 10_000; at++)
        CorrelationContext.run({ correlationId: 'r-' + at }, () => {
          for (let record = 0; record < records; record++) log.debug('query', { sql: 'select ' + record, at });
          open.push(CorrelationContext.bind(() => {}));
        });
    };
    fill(0);
    const before = held();
    open = [];
    fill(20);
    const full = held() - before;
    open = [];
    for (let turn = 0; turn < 5; turn++) { await new Promise(setImmediate); gc(); }
    console.log(JSON.stringify({ full, after: held() - before }));`;
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--expose-gc', '--input-type=module', '-e', script],
    {
      env,
      encoding: 'utf8',
      timeout: 60_000,
    },
  );
  expect(stderr).toBe('');
  const { full, after } = JSON.parse(stdout) as { full: number; after: number };
  // All 200,000 records would take some 70 MiB. A context that gave its records up costs below 1 KiB.
  expect(full).toBeGreaterThan(4);
  expect(full).toBeLessThan(24);
  expect(after).toBeLessThan(2);
}, 90_000);
