import { distinct } from './distinct-key.ts';
import { isPrimitive, peek } from './peek.ts';
import type { Rules } from './rules.ts';
import { spreadError } from './spread-error.ts';
import { Walk } from './walk.ts';

/** The fields of one layer (base, context, bindings, a call) as ready text. */
export interface Members {
  /** The names as the caller wrote them, and as they are written where that differs; of those that are no member of the line, too. */
  readonly names: readonly string[];
  /** `"a":1`, one for each member of the line. */
  readonly members: readonly string[];
  /** Members whose names the line uses itself; they go to `fields`. */
  readonly nested: readonly string[];
  /** `,"a":1,"b":2`, the nested ones left out. */
  readonly text: string;
}

export const noMembers: Members = { names: [], members: [], nested: [], text: '' };

/** Reads and redacts the fields once. `rename` has other names for some of them. */
export const membersOf = (
  fields: Readonly<Record<string, unknown>>,
  rules: Rules,
  walk?: Walk,
  rename?: ReadonlyMap<string, string>,
): Members => {
  const names = Object.keys(fields);
  const given = names.length;
  if (given === 0) return noMembers;
  const { maxKeys, maxLineBytes } = rules.limits;
  const { reserved } = rules.shape;
  const writer = walk ?? new Walk(rules, maxLineBytes >> 1);
  let members: string[] = [];
  const nested: string[] = [];
  let text = '';
  let used: Set<string> | undefined;
  let spread = false;
  const count = Math.min(given, maxKeys);
  for (let at = 0; at < count; at++) {
    const name = names[at] as string;
    let key = rules.key(name);
    let shown = name;
    // From the first text that lost something on, any other may be the same.
    if (key.lossy || used !== undefined) {
      // To another layer it goes by the name it is written as, too: so may one of that layer.
      if (key.lossy) names.push(JSON.parse(key.text.slice(0, -1)) as string);
      used ??= new Set(members.concat(nested).map(keyOf));
      shown = distinct(name, rules, used);
      key = rules.key(shown);
    }
    const plain = peek(fields, name);
    const parts = name === 'error' && !key.secret ? spreadError(plain, rules, writer) : undefined;
    if (parts !== undefined) {
      for (const [part, value] of parts) {
        names.push(part);
        members.push(rules.key(part).text + value);
      }
      spread = true;
      continue;
    }
    const other = rename?.get(name);
    // A secret stays one under another name.
    if (other !== undefined) {
      const { secret } = key;
      key = { ...rules.key(other), secret };
      names.push(other);
    }
    const wanted = other === undefined ? plain : (rules.shape.value?.(other, plain) ?? plain);
    const value = writer.field(key, shown, wanted, rules.root, 0);
    if (value === undefined) continue;
    const member = key.text + value;
    used?.add(key.text);
    if (other === undefined && reserved.has(name)) {
      nested.push(member);
    } else {
      members.push(member);
      text += `,${member}`;
    }
  }
  if (given > maxKeys) {
    const member = `"…":"[${given - maxKeys} more]"`;
    members.push(member);
    text += `,${member}`;
  }
  if (spread) {
    // The caller may have given such fields as well.
    members = [...byKey([members]).values()];
    text = textOf(members);
  }
  return { names, members, nested, text };
};

/** The earlier layer with the later one on top, which wins where both have a name. */
export const layered = (earlier: Members, later: Members): Members => {
  if (earlier === noMembers) return later;
  if (later === noMembers) return earlier;
  const names = [...earlier.names, ...later.names];
  if (!clash(earlier, later) && earlier.nested.length + later.nested.length === 0)
    return {
      names,
      members: [...earlier.members, ...later.members],
      nested: [],
      text: earlier.text + later.text,
    };
  const members = [...byKey([earlier.members, later.members]).values()];
  return {
    names: [...new Set(names)],
    members,
    nested: [...byKey([earlier.nested, later.nested]).values()],
    text: textOf(members),
  };
};

/** Whether two layers have a name in common. */
export const clash = (one: Members, other: Members): boolean => {
  if (other.names.length === 0) return false;
  for (const name of one.names) if (other.names.includes(name)) return true;
  return false;
};

/** Members by the text of their keys, later ones in the place of earlier ones and behind them. */
export const byKey = (layers: ReadonlyArray<readonly string[]>): Map<string, string> => {
  const found = new Map<string, string>();
  for (const layer of layers)
    for (const member of layer) {
      const key = keyOf(member);
      found.delete(key);
      found.set(key, member);
    }
  return found;
};

const textOf = (members: readonly string[]): string => members.map((member) => `,${member}`).join('');

let depth = 0;

/** True while base, bindings or context are read: what is logged now comes from a getter, `toJSON` or censor in them. */
export const readingLayers = (): boolean => depth > 0;

export const readingDepth = (): number => depth;

/** Reads layers; within, {@link layerMembers} knows how deep it is. */
export const readLayers = <Result>(read: () => Result): Result => {
  depth++;
  try {
    return read();
  } finally {
    depth--;
  }
};

/**
 * The fields of a layer. A record logged by the reading of a layer gets the layers' plain values alone, which call nobody's
 * code, and one logged by a censor of those gets none: so each comes to an end. Such members are not to be kept.
 */
export const layerMembers = (
  fields: Readonly<Record<string, unknown>>,
  rules: Rules,
  rename?: ReadonlyMap<string, string>,
): Members => {
  if (depth <= 1) return membersOf(fields, rules, undefined, rename);
  if (depth > 2) return noMembers;
  return membersOf(
    Object.fromEntries(Object.entries(fields).filter(([, value]) => isPrimitive(value))),
    rules,
    undefined,
    rename,
  );
};

/** The key of `"key":value` as JSON text, with its colon. */
const keyOf = (member: string): string => {
  let at = 1;
  while (member[at] !== '"') at += member[at] === '\\' ? 2 : 1;
  return member.slice(0, at + 2);
};
