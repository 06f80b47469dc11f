/**
 * Belady's optimum in percent: on a miss the key used again last goes, which may be the one that came. No policy can do
 * better, since this one knows the future.
 */
export const optimum = (requests: readonly number[], capacity: number): number => {
  const never = requests.length;
  const nextUse = new Array<number>(requests.length);
  const seen = new Map<number, number>();
  for (let at = requests.length - 1; at >= 0; at--) {
    nextUse[at] = seen.get(requests[at]!) ?? never;
    seen.set(requests[at]!, at);
  }
  // A max-heap of [next use, key]; what is not the key's present next use is out of date and passed over.
  const heap: [number, number][] = [];
  const held = new Map<number, number>();
  const push = (item: [number, number]): void => {
    let at = heap.push(item) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (heap[parent]![0] >= item[0]) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = item;
  };
  const pop = (): [number, number] => {
    const top = heap[0]!;
    const last = heap.pop()!;
    if (heap.length === 0) return top;
    let at = 0;
    for (let child = 1; child < heap.length; child = 2 * at + 1) {
      if (child + 1 < heap.length && heap[child + 1]![0] > heap[child]![0]) child++;
      if (last[0] >= heap[child]![0]) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return top;
  };
  let hits = 0;
  for (let at = 0; at < requests.length; at++) {
    const key = requests[at]!;
    if (held.has(key)) hits++;
    held.set(key, nextUse[at]!);
    push([nextUse[at]!, key]);
    while (held.size > capacity) {
      const [next, furthest] = pop();
      if (held.get(furthest) === next) held.delete(furthest);
    }
  }
  return (100 * hits) / requests.length;
};
