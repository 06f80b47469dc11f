// One million unique errors through the analytics: what memory grows by, and whether the totals are exact; then errors
// that each bring megabytes of text. Beside them the same errors without analytics, as what the engine reserves for its
// garbage grows the process as well. Each in a process of its own. Run: node errors/analytics.ts [errors]
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { handleError } from '@agent4/errors';
import { createErrorAnalytics } from '@agent4/errors/analytics';

const limit = 64;
const text = 'x'.repeat(1_000_000);

const unique = (at: number): Error => Object.assign(new Error(`request ${at} failed`), { code: `E${at}` });
const huge = (at: number): Error =>
  Object.assign(new Error(`${at} ${text}`), { name: `N${at}${text}`, code: `E${at}${text}` });

/** Resident and live memory in MiB, after a collection. */
const memory = (): { rss: number; heap: number } => {
  globalThis.gc?.();
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rss: rss / 2 ** 20, heap: (heapUsed + external) / 2 ** 20 };
};

const measure = (count: number, make: (at: number) => Error, counting: boolean): void => {
  const warm = createErrorAnalytics({ maxGroups: 1 });
  for (let at = 0; at < 20_000; at++) warm.record(handleError(unique(-at)));
  warm.reset();

  const before = memory();
  const analytics = createErrorAnalytics();
  const start = performance.now();
  for (let at = 0; at < count; at++) {
    const structured = handleError(make(at));
    if (counting) analytics.record(structured);
    else if (structured.fingerprint === '') throw new Error('no fingerprint');
  }
  const us = ((performance.now() - start) * 1000) / count;
  const after = memory();

  const grown = { rss: after.rss - before.rss, heap: after.heap - before.heap };
  for (const [name, { rss, heap }] of Object.entries({ before, after, grown }))
    console.log(`  ${name.padEnd(7)} rss ${rss.toFixed(1)} MiB, live heap ${heap.toFixed(1)} MiB`);
  console.log(`  ${us.toFixed(1)} us an error, handleError included`);
  if (!counting) return;
  const { recorded, groups, other } = analytics.totals();
  const counted = analytics.top(groups).reduce((sum, { count: own }) => sum + own, other);
  console.log(`  counted ${counted} of ${count}: ${groups} groups, ${other} in _OTHER`);
  if (counted !== count || recorded !== count) throw new Error('the totals are not exact');
  if (grown.heap > limit || grown.rss > limit) throw new Error(`it grew by more than ${limit} MiB`);
};

const [given, part] = process.argv.slice(2);
const many = Number(given ?? 1_000_000);
const parts: Record<string, [title: string, run: () => void]> = {
  without: [`${many} unique errors, handled and forgotten`, () => measure(many, unique, false)],
  unique: [`${many} unique errors, recorded`, () => measure(many, unique, true)],
  huge: ['2000 errors of three megabytes each, recorded', () => measure(2_000, huge, true)],
};
const own = part === undefined ? undefined : parts[part];
if (own !== undefined) {
  console.log(own[0]);
  own[1]();
} else {
  for (const name of Object.keys(parts)) {
    // A young generation of fixed size: left alone it grows with what happens to be alive when it is collected.
    const flags = ['--expose-gc', '--max-semi-space-size=16', '--min-semi-space-size=16'];
    const file = fileURLToPath(import.meta.url);
    const { status } = spawnSync(process.execPath, [...flags, file, String(many), name], {
      stdio: 'inherit',
    });
    if (status !== 0) process.exitCode = 1;
  }
}
