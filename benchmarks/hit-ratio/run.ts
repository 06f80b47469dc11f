// `node benchmarks/hit-ratio/run.ts [--traces folder] [--only name ...] [--subject part ...]`: hit ratio in percent,
// read-through with string keys. A trace is a file `<name>.txt.gz` with a key a line; without --traces only the workloads
// made here run. Every subject and Belady's optimum get the same requests in the same run.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { optimum } from './optimum.ts';
import { reference, subjects } from './subjects.ts';
import { workloadCapacities, workloads } from './workloads.ts';

const traceCapacities: Record<string, number[]> = {
  'corda-vault': [512, 1_024, 4_096, 16_384],
  loop: [250, 500, 750, 1_000],
  oltp: [250, 500, 1_000, 2_000],
  web12: [300, 900, 1_800, 3_600],
};

const { values } = parseArgs({
  options: {
    traces: { type: 'string' },
    only: { type: 'string', multiple: true },
    subject: { type: 'string', multiple: true },
  },
});
const names = Object.keys(subjects).filter(
  (name) => name === reference || (values.subject?.some((part) => name.includes(part)) ?? true),
);

const readTrace = (name: string): number[] => {
  const file = join(values.traces ?? '', `${name}.txt.gz`);
  if (!existsSync(file)) throw new Error(`no trace ${file}`);
  return gunzipSync(readFileSync(file)).toString('latin1').trimEnd().split('\n').map(Number);
};

const ratio = (name: string, keys: readonly string[], capacity: number): number => {
  const access = subjects[name]!(capacity);
  let hits = 0;
  for (const key of keys) if (access(key)) hits++;
  return (100 * hits) / keys.length;
};

const row = (label: string, cells: readonly (number | string)[]): void =>
  console.log(
    label.padEnd(24) +
      cells.map((cell) => (typeof cell === 'number' ? cell.toFixed(2) : cell).padStart(19)).join(''),
  );
const mean = (all: readonly number[]): number => all.reduce((sum, one) => sum + one, 0) / all.length;

/** One group of inputs: its table, its means, and how each subject stands to LRU and to the optimum. */
const table = (
  title: string,
  inputs: readonly (readonly [string, readonly number[], () => number[]])[],
): void => {
  if (inputs.length === 0) return;
  row(`\n${title}`, ['optimum', ...names]);
  const all = names.map(() => [] as number[]);
  const best: number[] = [];
  const worst = names.map(() => ({ points: 0, cell: '-' }));
  for (const [input, capacities, make] of inputs) {
    const requests = make();
    const keys = requests.map((number) => `key:${number}`);
    const sums: number[][] = [];
    for (const capacity of capacities) {
      const results = names.map((name) => ratio(name, keys, capacity));
      const lru = results[names.indexOf(reference)]!;
      const limit = optimum(requests, capacity);
      row(`${input} ${capacity}`, [limit, ...results]);
      best.push(limit);
      sums.push([limit, ...results]);
      for (const [at, result] of results.entries()) {
        all[at]!.push(result);
        if (result - lru < worst[at]!.points)
          worst[at] = { points: result - lru, cell: `${input} ${capacity}` };
      }
    }
    row(
      `${input} mean`,
      sums[0]!.map((_, at) => mean(sums.map((line) => line[at]!))),
    );
  }
  row('MEAN', [mean(best), ...all.map(mean)]);
  row('share of optimum %', [100, ...all.map((results) => (100 * mean(results)) / mean(best))]);
  row('worst against LRU', ['', ...worst.map(({ points }) => points)]);
  row('  in', ['', ...worst.map(({ cell }) => cell)]);
};

const wanted = (name: string): boolean => values.only?.includes(name) ?? true;
if (values.traces !== undefined)
  table(
    'traces',
    Object.entries(traceCapacities)
      .filter(([name]) => wanted(name))
      .map(([name, capacities]) => [name, capacities, () => readTrace(name)] as const),
  );
table(
  'made here',
  Object.entries(workloads)
    .filter(([name]) => wanted(name))
    .map(([name, make]) => [name, workloadCapacities, make] as const),
);
