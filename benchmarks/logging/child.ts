// One subject, one case, one process. Lines go to descriptor 1; the figures go to the parent by IPC.
import { type CaseName, cases } from './cases.ts';
import { subjects } from './subjects.ts';

const [subject = '', name = 'basic' as CaseName] = process.argv.slice(2) as [string, CaseName];
const { lines, perTurn } = cases[name];
const made = await subjects[subject]?.(name);

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const log = async (count: number, call: () => void): Promise<void> => {
  for (let done = 0; done < count; done += perTurn) {
    for (let at = Math.min(perTurn, count - done); at > 0; at--) call();
    await turn();
  }
};

if (made === undefined) {
  process.send?.({ skipped: true });
} else {
  const { call, end, within = (work) => work() } = made;
  const warmUp = Math.min(lines / 2, 1_000_000);
  let cpu = process.cpuUsage();
  let start = performance.now();
  await within(async () => {
    await log(warmUp, call);
    // What the warm-up left in a queue is not our business any more.
    for (let at = 0; at < 20; at++) await turn();
    cpu = process.cpuUsage();
    start = performance.now();
    await log(lines, call);
  });
  await end();
  const { user, system } = process.cpuUsage(cpu);
  process.send?.({
    lines: warmUp + lines,
    cpuNs: ((user + system) * 1000) / lines,
    wallNs: ((performance.now() - start) * 1e6) / lines,
  });
}
process.disconnect?.();
