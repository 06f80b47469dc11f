const version = 1;

/** A change that other nodes must hear of. `all`: whatever they remember is in doubt. */
export type Change =
  | { kind: 'keys'; keys: readonly string[]; stamp: number }
  | { kind: 'tags'; tags: readonly string[]; stamp: number }
  | { kind: 'clear'; stamp: number }
  | { kind: 'all'; stamp: number };

interface Message {
  a4: number;
  /** The node that sent it. */
  n: string;
  s: number;
  k?: readonly string[];
  t?: readonly string[];
  c?: 1;
}

const encode = (node: string, change: Change): string =>
  JSON.stringify({
    a4: version,
    n: node,
    s: change.stamp,
    ...(change.kind === 'keys' ? { k: change.keys } : {}),
    ...(change.kind === 'tags' ? { t: change.tags } : {}),
    ...(change.kind === 'clear' ? { c: 1 } : {}),
  } satisfies Message);

/** A change as messages of at most `maxBytes` each. A key or tag that fits into none puts everything in doubt. */
export const messagesOf = (node: string, change: Change, maxBytes: number): string[] => {
  const whole = encode(node, change);
  if (Buffer.byteLength(whole) <= maxBytes) return [whole];
  const names = change.kind === 'keys' ? change.keys : change.kind === 'tags' ? change.tags : [];
  if (names.length < 2) return [encode(node, { kind: 'all', stamp: change.stamp })];
  const half = Math.ceil(names.length / 2);
  return [names.slice(0, half), names.slice(half)].flatMap((part) => {
    const { stamp } = change;
    const smaller: Change =
      change.kind === 'keys' ? { kind: 'keys', keys: part, stamp } : { kind: 'tags', tags: part, stamp };
    return messagesOf(node, smaller, maxBytes);
  });
};

const texts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((one) => typeof one === 'string');

/**
 * The change of a message from another node; undefined for our own. What cannot be read, or comes from a later
 * release, puts everything in doubt rather than being missed.
 */
export const changeIn = (text: string, node: string): Change | undefined => {
  const doubt: Change = { kind: 'all', stamp: 0 };
  let message: Partial<Message> | null;
  try {
    message = JSON.parse(text) as Partial<Message> | null;
  } catch {
    return doubt;
  }
  if (typeof message !== 'object' || message === null) return doubt;
  if (message.n === node) return undefined;
  const { s: stamp, k, t } = message;
  if (message.a4 !== version || typeof stamp !== 'number' || !(stamp >= 0)) return doubt;
  if (texts(k)) return { kind: 'keys', keys: k, stamp };
  if (texts(t)) return { kind: 'tags', tags: t, stamp };
  return message.c === 1 ? { kind: 'clear', stamp } : { kind: 'all', stamp };
};
