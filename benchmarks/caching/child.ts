// One subject, one job, one process: nanoseconds of processor time an operation to the parent by IPC, or for `flat` the growth of memory.
import { createCache } from '@agent4/caching';
import { asyncSubjects, capacity, syncSubjects } from './subjects.ts';

const [job = '', subject = ''] = process.argv.slice(2);

/** The same requests for every subject: ranks of a Zipf-like law over 20,000 keys, as strings made beforehand. */
const zipfKeys = (count: number): string[] => {
  let state = 42;
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  return Array.from({ length: count }, () => `key:${Math.floor(20_000 ** random())}`);
};

const held = Array.from({ length: capacity / 2 }, (_, at) => `key:${at}`);
const operations = 400_000;

/** The best of some repetitions in this process, after one to warm up. */
const best = async (work: () => number | Promise<number>): Promise<number> => {
  await work();
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 3; round++) {
    const start = process.cpuUsage();
    const done = await work();
    const { user, system } = process.cpuUsage(start);
    least = Math.min(least, ((user + system) * 1_000) / done);
  }
  return least;
};

const jobs: Record<string, () => Promise<number>> = {
  hit: () => {
    const cache = syncSubjects[subject]!();
    // Full, as a cache that has been in use for a while is.
    for (let at = 0; at < 3 * capacity; at++) cache.set(`old:${at}`, at);
    for (let turn = 0; turn < 5; turn++)
      for (const key of held) if (cache.get(key) === undefined) cache.set(key, 1);
    const keys = held.filter((key) => cache.get(key) !== undefined);
    if (keys.length < held.length / 2) throw new Error(`${subject} holds ${keys.length} keys`);
    return best(() => {
      let found = 0;
      for (let turn = 0; turn < (10 * operations) / keys.length; turn++)
        for (const key of keys) if (cache.get(key) !== undefined) found++;
      if (found < operations) throw new Error(`${subject} found ${found}`);
      return found;
    });
  },
  'miss + set': () => {
    let round = 0;
    const cache = syncSubjects[subject]!();
    const sets = operations / 4;
    return best(() => {
      round++;
      const keys = Array.from({ length: sets }, (_, at) => `r${round}:${at}`);
      for (const key of keys) if (cache.get(key) === undefined) cache.set(key, 1);
      return sets;
    });
  },
  'Zipf read-through': () => {
    const cache = syncSubjects[subject]!();
    const keys = zipfKeys(operations);
    return best(() => {
      for (const key of keys) if (cache.get(key) === undefined) cache.set(key, 1);
      return keys.length;
    });
  },
  'getOrSet hit': () => {
    const getOrSet = asyncSubjects[subject]!();
    return best(async () => {
      const turns = operations / 5 / held.length;
      for (let turn = 0; turn < turns; turn++) for (const key of held) await getOrSet(key, () => 1);
      return turns * held.length;
    });
  },
  'getOrSet miss': () => {
    let round = 0;
    const getOrSet = asyncSubjects[subject]!();
    return best(async () => {
      round++;
      for (let at = 0; at < operations / 20; at++) await getOrSet(`r${round}:${at}`, () => 1);
      return operations / 20;
    });
  },
  flat: async () => {
    const live = (): number => {
      for (let turn = 0; turn < 4; turn++) globalThis.gc!();
      return process.memoryUsage().heapUsed / 2 ** 20;
    };
    const cache = createCache<number>({ memory: { maxEntries: capacity }, ttl: 600_000 });
    const fill = async (from: number, to: number): Promise<void> => {
      for (let at = from; at < to; at++) await cache.getOrSet(`distinct:${at}`, () => at);
    };
    await fill(0, 20_000);
    const before = live();
    await fill(20_000, 1_020_000);
    return live() - before;
  },
};

process.send?.(await jobs[job]!());
process.disconnect?.();
