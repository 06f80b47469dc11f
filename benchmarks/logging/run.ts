// `node benchmarks/logging/run.ts [--rounds 3] [--case basic] [--subject pino]`: every subject in a process of its own,
// rounds interleaved, each line counted and parsed where it arrives. CPU time of the whole process until the sink is closed.
import { fork } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type CaseName, caseNames, cases } from './cases.ts';
import { subjects } from './subjects.ts';

interface Figures {
  skipped?: true;
  lines: number;
  cpuNs: number;
  wallNs: number;
}

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    case: { type: 'string', multiple: true },
    subject: { type: 'string', multiple: true },
  },
});
const wantedCases = caseNames.filter((name) => values.case?.includes(name) ?? true);
const wantedSubjects = Object.keys(subjects).filter(
  (name) => values.subject?.some((part) => name.includes(part)) ?? true,
);
const folder = mkdtempSync(join(tmpdir(), 'agent4-bench-'));
const child = fileURLToPath(new URL('child.ts', import.meta.url));

/** Lost, foreign or broken lines end the run: a figure for lines that did not arrive means nothing. */
const check = (file: string, name: CaseName, expected: number, subject: string): void => {
  if (name === 'disabled') return;
  const lines = readFileSync(file, 'latin1').split('\n').slice(0, -1);
  if (lines.length !== expected)
    throw new Error(`${subject}, ${name}: ${lines.length} lines of ${expected} arrived`);
  for (const line of lines)
    if (!cases[name].holds(JSON.parse(line) as Record<string, unknown>))
      throw new Error(`${subject}, ${name}: a line lacks something: ${line.slice(0, 300)}`);
};

const once = async (subject: string, name: CaseName): Promise<Figures | undefined> => {
  const file = join(folder, 'out');
  const out = openSync(file, 'w');
  try {
    const process_ = fork(child, [subject, name], { stdio: ['ignore', out, 'inherit', 'ipc'] });
    let figures: Figures | undefined;
    process_.on('message', (message) => {
      figures = message as Figures;
    });
    const code = await new Promise((resolve) => process_.once('close', resolve));
    if (code !== 0 || figures === undefined)
      throw new Error(`${subject}, ${name}: ended with ${String(code)}`);
    if (figures.skipped) return undefined;
    check(file, name, figures.lines, subject);
    return figures;
  } finally {
    closeSync(out);
    rmSync(file, { force: true });
  }
};

const median = (sorted: readonly number[]): number => sorted[sorted.length >> 1] ?? Number.NaN;
const ns = (value: number): string => (value < 100 ? value.toFixed(1) : value.toFixed(0));

console.log(
  `Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, ${new Date().toISOString()}\n` +
    `CPU ns a line: best of ${values.rounds} rounds (median, worst); wall clock beside it\n`,
);
for (const name of wantedCases) {
  const seen = new Map<string, Figures[]>();
  for (let round = 0; round < Number(values.rounds); round++)
    for (const subject of wantedSubjects) {
      const figures = await once(subject, name);
      if (figures) seen.set(subject, [...(seen.get(subject) ?? []), figures]);
    }
  const best = (subject: string): number =>
    Math.min(...(seen.get(subject) ?? []).map(({ cpuNs }) => cpuNs), Number.POSITIVE_INFINITY);
  const pino = Math.min(...wantedSubjects.filter((one) => one.startsWith('pino')).map(best));
  console.log(`${name} (${cases[name].perTurn} a turn; limit ${cases[name].limit})`);
  for (const [subject, figures] of seen) {
    const sorted = figures.map(({ cpuNs }) => cpuNs).sort((a, b) => a - b);
    const wall = Math.min(...figures.map(({ wallNs }) => wallNs));
    const cpu = `${ns(sorted[0] ?? 0).padStart(7)}  (${ns(median(sorted))}, ${ns(sorted.at(-1) ?? 0)})`;
    const ratio = Number.isFinite(pino) ? `  x${((sorted[0] ?? 0) / pino).toFixed(2)} of the best pino` : '';
    console.log(`  ${subject.padEnd(34)} ${cpu.padEnd(31)} wall ${ns(wall).padStart(7)}${ratio}`);
  }
}
rmSync(folder, { recursive: true });
