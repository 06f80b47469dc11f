// `node benchmarks/caching/run.ts [--rounds 5] [--job hit ...]`: every subject in a process of its own, rounds interleaved.
// A process gives the best of three repetitions in processor time (all threads: collecting garbage counts); the table
// has the median of the rounds and their spread.
import { fork } from 'node:child_process';
import { cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { asyncSubjects, syncSubjects } from './subjects.ts';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, job: { type: 'string', multiple: true } },
});
const child = fileURLToPath(new URL('child.ts', import.meta.url));

const once = (job: string, subject: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const started = fork(child, [job, subject], { execArgv: ['--expose-gc'] });
    started.once('message', (figure) => resolve(figure as number));
    started.once('close', (code) => reject(new Error(`${subject}, ${job}: ended with ${String(code)}`)));
  });

const sync = Object.keys(syncSubjects);
const jobs: [string, string, string[], number][] = [
  ['hit', 'lru-cache', sync, 1.5],
  ['miss + set', 'lru-cache', sync, 2],
  ['Zipf read-through', 'lru-cache', sync, 1.5],
  ['getOrSet hit', 'Map in an async function', Object.keys(asyncSubjects), 3],
  ['getOrSet miss', 'Map in an async function', Object.keys(asyncSubjects), Number.NaN],
];

console.log(
  `Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, load ${loadavg()[0]!.toFixed(1)}, ` +
    `${new Date().toISOString()}\nprocessor ns an operation: median of ${values.rounds} rounds (least, most), ratio to the first named`,
);
for (const [job, reference, subjects, limit] of jobs) {
  if (values.job !== undefined && !values.job.includes(job)) continue;
  const seen = new Map<string, number[]>(subjects.map((subject) => [subject, []]));
  for (let round = 0; round < Number(values.rounds); round++)
    for (const subject of subjects) seen.get(subject)!.push(await once(job, subject));
  const median = (subject: string): number => {
    const sorted = seen.get(subject)!.sort((a, b) => a - b);
    return sorted[sorted.length >> 1]!;
  };
  const base = median(reference);
  console.log(`\n${job}, against ${reference}${Number.isNaN(limit) ? '' : `; limit for @agent4: ${limit}`}`);
  for (const subject of subjects) {
    const middle = median(subject);
    const all = seen.get(subject)!;
    console.log(
      `  ${subject.padEnd(26)} ${middle.toFixed(0).padStart(7)}  (${all[0]!.toFixed(0)}, ${all.at(-1)!.toFixed(0)})`.padEnd(
        58,
      ) + ` x${(middle / base).toFixed(2)}`,
    );
  }
}
if (values.job === undefined || values.job.includes('flat'))
  console.log(
    `\na million distinct keys through 1,000 entries: live heap grows by ${(await once('flat', '')).toFixed(2)} MiB`,
  );
