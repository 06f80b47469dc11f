// One subject in one process; the median goes to the parent by IPC.
import { do_not_optimize, measure } from 'mitata';
import { type Group, subjectsOf } from './subjects.ts';

const [group = 'success', name = 'bare', ms = '400'] = process.argv.slice(2) as [Group, string, string];
const subject = subjectsOf(group)[name];
if (subject === undefined) throw new Error(`no subject "${name}" in "${group}"`);
const call = subject();
// The same work before the clock runs, so that no round measures a cold compiler.
const warmUntil = performance.now() + 150;
while (performance.now() < warmUntil) await call();
const { p50 } = await measure(async () => do_not_optimize(await call()), {
  min_cpu_time: Number(ms) * 1e6,
});
process.send?.(p50);
process.disconnect?.();
// A library's own timers (opossum's buckets) would keep the process.
setImmediate(() => process.exit());
