const isContainer = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !ArrayBuffer.isView(value);

/** Freezes plain objects and arrays all the way down. Maps, Sets, Dates and buffers cannot be frozen and stay as they are. */
const freezeDeep = <V>(value: V): V => {
  const open: unknown[] = [value];
  while (open.length > 0) {
    const next = open.pop();
    if (!isContainer(next) || Object.isFrozen(next)) continue;
    const prototype: unknown = Object.getPrototypeOf(next);
    if (prototype !== Object.prototype && prototype !== null && !Array.isArray(next)) continue;
    Object.freeze(next);
    open.push(...Object.values(next));
  }
  return value;
};

// What cannot be copied was kept by no tier of this process, so it is nobody's but the caller's.
const copyOrSelf = <V>(value: V): V => {
  try {
    return structuredClone(value);
  } catch {
    return value;
  }
};

/** How values pass between callers and the cache: `into` before storing, `outOf` at each answer. */
export interface Copying {
  /** Throws for what cannot be copied. */
  into<V>(value: V): V;
  outOf<V>(value: V): V;
}

const asIs = <V>(value: V): V => value;

export const copying: Record<'none' | 'structured' | 'freeze', Copying> = {
  none: { into: asIs, outOf: asIs },
  structured: { into: (value) => structuredClone(value), outOf: copyOrSelf },
  freeze: { into: freezeDeep, outOf: asIs },
};
