import { cpus } from 'node:os';
import { do_not_optimize, measure } from 'mitata';
import { type Job, jobs, ours } from './subjects.ts';

// `node benchmarks/errors/run.ts`: every subject of a job in one run, one after the other, the first named being the unit.
const us = (ns: number): string => (ns / 1000).toFixed(2);
const table = (rows: string[][]): string => {
  const widths = rows[0]?.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0))) ?? [];
  return rows
    .map((row) => `| ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`)
    .join('\n');
};

const show = async ({ name, note, subjects }: Job): Promise<void> => {
  const rows = [['subject', 'p50 us', 'p25', 'p75', 'p99', 'ratio']];
  let unit = 0;
  for (const subject of subjects) {
    const { p25, p50, p75, p99 } = await measure(() => do_not_optimize(subject.run()), { min_cpu_time: 4e8 });
    unit ||= p50;
    rows.push([subject.name, us(p50), us(p25), us(p75), us(p99), (p50 / unit).toFixed(2)]);
  }
  rows.splice(
    1,
    0,
    (rows[0] ?? []).map((title) => '-'.repeat(title.length)),
  );
  console.log(`\n${name} (${note})\n\n${table(rows)}`);
};

console.log(
  `Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, ${new Date().toISOString()}`,
);
for (const job of [...jobs, ...ours]) await show(job);
