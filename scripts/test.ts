// The README's test command: finds or starts the real servers, runs every package's tests, sums the counts.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findPostgres, findRedis, type Service } from './services.ts';

interface Counts {
  name: string;
  passed: number;
  failed: number;
  skipped: number;
  /** One text for each test that failed. */
  failures: string[];
}

const attempt = async (find: () => Promise<Service | undefined>): Promise<Service | undefined> => {
  try {
    return await find();
  } catch (error) {
    console.error(String(error));
    return undefined;
  }
};

const redis = await attempt(findRedis);
const postgres = await attempt(findPostgres);
const missing = [...(redis ? [] : ['Redis (REDIS_URL)']), ...(postgres ? [] : ['PostgreSQL (DATABASE_URL)'])];
const tallies = mkdtempSync(join(tmpdir(), 'agent4-tally-'));

const env: NodeJS.ProcessEnv = { ...process.env, TALLY_DIR: tallies };
if (redis) env['REDIS_URL'] = redis.url;
if (postgres) env['DATABASE_URL'] = postgres.url;
console.log(`Redis: ${redis ? `${redis.url} (${redis.origin})` : 'none'}`);
console.log(`PostgreSQL: ${postgres ? `${postgres.url} (${postgres.origin})` : 'none'}`);

const status = await new Promise<number>((resolve) => {
  const args = [
    'run',
    'test',
    '--continue',
    '--concurrency=1',
    '--output-logs=full',
    ...process.argv.slice(2),
  ];
  const child = spawn('turbo', args, { stdio: 'inherit', env });
  child.once('error', (error) => {
    console.error(error.message);
    resolve(1);
  });
  child.once('exit', (code) => resolve(code ?? 1));
});

await redis?.stop();
await postgres?.stop();

const counts = readdirSync(tallies).map(
  (file): Counts => JSON.parse(readFileSync(join(tallies, file), 'utf8')) as Counts,
);
rmSync(tallies, { recursive: true, force: true });
const sum = (pick: (count: Counts) => number): number =>
  counts.reduce((total, count) => total + pick(count), 0);
for (const { name, passed, failed, skipped } of counts)
  console.log(`${name}: ${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`);

// Said again at the end: a log that was cut keeps its end.
for (const { name, failures } of counts)
  for (const failure of failures) console.log(`FAILED ${name} ${failure}`);

const skipped = sum((count) => count.skipped);
for (const name of missing) console.log(`skipped, no server found: tests of ${name}`);
let failed = sum((count) => count.failed);
if (missing.length > 0 && process.env['CI'] === 'true') {
  console.error('Under CI=true the tests of real servers must run.');
  failed += missing.length;
}
if (status !== 0 && failed === 0) {
  console.error(`A task failed outside its tests (exit ${status}); see above.`);
  failed = 1;
}
console.log(
  `${sum((count) => count.passed)} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`,
);
process.exitCode = failed > 0 ? 1 : 0;
