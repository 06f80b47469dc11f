// `node benchmarks/resilience/run.ts [--rounds 5] [--ms 400] [--group success] [--subject "all four"]`: every subject in a
// process of its own, rounds interleaved; the median of a call by mitata, of which the median of the rounds, lowest and highest.
import { fork } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { demands, type Group, groups, subjectsOf } from './subjects.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    ms: { type: 'string', default: '400' },
    group: { type: 'string', multiple: true },
    subject: { type: 'string', multiple: true },
  },
});
const child = fileURLToPath(new URL('child.ts', import.meta.url));
const wanted: [Group, string][] = groups
  .filter((group) => values.group?.some((part) => group.includes(part)) ?? true)
  .flatMap((group) => Object.keys(subjectsOf(group)).map((name): [Group, string] => [group, name]))
  .filter(([, name]) => name === 'bare' || (values.subject?.some((part) => name.includes(part)) ?? true));

const once = async (group: Group, name: string): Promise<number> => {
  const running = fork(child, [group, name, values.ms], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  let ns: number | undefined;
  running.on('message', (message) => {
    ns = message as number;
  });
  const code = await new Promise((resolve) => running.once('close', resolve));
  if (code !== 0 || ns === undefined) throw new Error(`${group}, ${name}: ended with ${String(code)}`);
  return ns;
};

const seen = new Map<string, number[]>(wanted.map(([group, name]) => [`${group}/${name}`, []]));
for (let round = 0; round < Number(values.rounds); round++)
  for (const [group, name] of wanted) seen.get(`${group}/${name}`)?.push(await once(group, name));
for (const rounds of seen.values()) rounds.sort((a, b) => a - b);
const median = (group: Group, name: string): number => {
  const rounds = seen.get(`${group}/${name}`) ?? [];
  return rounds[rounds.length >> 1] ?? Number.NaN;
};
/** The quietest round: on a busy machine the others measure its other work too. */
const lowest = (group: Group, name: string): number => seen.get(`${group}/${name}`)?.[0] ?? Number.NaN;

console.log(
  `Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, ${new Date().toISOString()}\n` +
    `ns a call: median of ${values.rounds} rounds of ${values.ms} ms (lowest to highest), times bare (by the lowest)\n`,
);
for (const group of groups) {
  const mine = wanted.filter(([of]) => of === group);
  if (mine.length > 0) console.log(group);
  for (const [, name] of mine) {
    const rounds = seen.get(`${group}/${name}`) ?? [];
    const spread = `(${rounds[0]?.toFixed(0)} to ${rounds.at(-1)?.toFixed(0)})`;
    const ratio = median(group, name) / median(group, 'bare');
    console.log(
      `  ${name.padEnd(34)} ${median(group, name).toFixed(0).padStart(9)}  ${spread.padEnd(22)}` +
        (Number.isNaN(ratio)
          ? ''
          : ` x${ratio.toFixed(2)} (x${(lowest(group, name) / lowest(group, 'bare')).toFixed(2)})`),
    );
  }
}
console.log('\ndemanded: by the medians (by the lowest rounds)');
for (const [group, name, base, limit] of demands) {
  const ratio = median(group, name) / median(group, base);
  if (Number.isNaN(ratio)) continue;
  console.log(
    `  ${ratio <= limit ? 'met   ' : 'MISSED'} ${ratio.toFixed(3)} (${(lowest(group, name) / lowest(group, base)).toFixed(3)}) <= ${limit}  ${group}: ${name} / ${base}`,
  );
}
