// Request sequences made here, the same at every run: numbers that stand for keys. Each `mix` joins what a policy that
// fits one of its parts gets wrong in the other.

/** Random numbers 0 <= x < 1, the same for the same seed (mulberry32). */
const seeded = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
};

/** Ranks 0..keys-1 by Zipf's law. */
const zipf = (keys: number, exponent: number, random: () => number): (() => number) => {
  const sums = new Float64Array(keys);
  let sum = 0;
  for (let rank = 0; rank < keys; rank++) {
    sum += (rank + 1) ** -exponent;
    sums[rank] = sum;
  }
  return () => {
    const wanted = random() * sum;
    let low = 0;
    let high = keys - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sums[middle]! < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  };
};

const far = 1e6;
const farther = 2e6;

/** Back to a key of at most `reach` requests ago, or on to a new one. */
const backTo = (requests: number[], from: number, reach: number, random: () => number): number =>
  requests[Math.max(from, requests.length - 1 - Math.floor(random() * reach))]!;

export const workloads: Record<string, () => number[]> = {
  zipf: () => {
    const rank = zipf(20_000, 0.9, seeded(1));
    return Array.from({ length: 400_000 }, rank);
  },
  scan: () => {
    const rank = zipf(5_000, 0.9, seeded(2));
    const requests: number[] = [];
    for (let fresh = far; requests.length < 400_000; ) {
      for (let at = 0; at < 5_000; at++) requests.push(rank());
      for (let at = 0; at < 3_000; at++) requests.push(fresh++);
    }
    return requests;
  },
  'synthetic-loop': () => Array.from({ length: 300_000 }, (_, at) => at % 2_200),
  shift: () => {
    const rank = zipf(10_000, 0.9, seeded(3));
    return Array.from({ length: 400_000 }, (_, at) => Math.floor(at / 50_000) * 10_000 + rank());
  },
  recency: () => {
    const random = seeded(4);
    const requests = [0];
    for (let fresh = 1; requests.length < 300_000; ) {
      const back = 1 + Math.floor(-Math.log(1 - random()) * 200);
      requests.push(random() < 0.4 ? fresh++ : requests[Math.max(0, requests.length - back)]!);
    }
    return requests;
  },
  'mix-zipf-loop': () => {
    const random = seeded(5);
    const rank = zipf(20_000, 0.9, random);
    let turn = 0;
    return Array.from({ length: 400_000 }, () => (random() < 0.5 ? rank() : far + (turn++ % 1_500)));
  },
  'mix-phases': () => {
    const random = seeded(6);
    const rank = zipf(10_000, 1, random);
    const requests: number[] = [];
    let fresh = far;
    for (let phase = 0; phase < 4; phase++) {
      for (let at = 0; at < 40_000; at++) requests.push(farther + (at % 1_200));
      const from = requests.length;
      for (let at = 0; at < 40_000; at++)
        requests.push(at < 5 || random() < 0.4 ? fresh++ : backTo(requests, from, 300, random));
      for (let at = 0; at < 40_000; at++) requests.push(rank());
    }
    return requests;
  },
  drift: () => {
    const rank = zipf(3_000, 0.8, seeded(7));
    return Array.from({ length: 400_000 }, (_, at) => Math.floor(at / 40) + rank());
  },
  pairs: () => {
    const random = seeded(8);
    const due = new Map<number, number>();
    const requests: number[] = [];
    for (let fresh = 0; requests.length < 300_000; ) {
      const again = due.get(requests.length);
      if (again !== undefined) {
        due.delete(requests.length);
        requests.push(again);
        continue;
      }
      if (random() < 0.6) {
        let at = requests.length + 20 + Math.floor(random() * 380);
        while (due.has(at)) at++;
        due.set(at, fresh);
      }
      requests.push(fresh++);
    }
    return requests;
  },
  'mix-sessions-zipf': () => {
    // Half a stable favourite set, half visitors who come back some times soon and then never again.
    const random = seeded(9);
    const rank = zipf(8_000, 1, random);
    const visits: number[] = [];
    let fresh = far;
    return Array.from({ length: 400_000 }, () => {
      if (random() < 0.5) return rank();
      const visitor =
        random() < 0.25 || visits.length === 0
          ? fresh++
          : visits[Math.max(0, visits.length - 1 - Math.floor(random() * 600))]!;
      visits.push(visitor);
      return visitor;
    });
  },
};

export const workloadCapacities = [250, 500, 1_000, 2_000];
