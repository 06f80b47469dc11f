import { isPrimitive, peek } from './peek.ts';
import type { Rules } from './rules.ts';
import { distinct, Walk } from './walk.ts';

/** The names a line uses itself; a user's field of such a name goes to `fields.<name>`. */
export const reserved: ReadonlySet<string> = new Set(['timestamp', 'level', 'logger', 'message', 'fields']);

/** Fields as ready text: by name for the case that two layers clash, in one piece for the case that they do not. */
export interface Members {
  /** Key as JSON text -> member text. */
  readonly byKey: ReadonlyMap<string, string>;
  /** Fields with reserved names. */
  readonly nested: ReadonlyMap<string, string>;
  /** The names as the caller wrote them. */
  readonly names: ReadonlySet<string>;
  /** `,"a":1,"b":2`, the nested ones left out. */
  readonly text: string;
}

export const noMembers: Members = { byKey: new Map(), nested: new Map(), names: new Set(), text: '' };

/** Reads and redacts the fields once. */
export const membersOf = (fields: Readonly<Record<string, unknown>>, rules: Rules, walk?: Walk): Members => {
  const keys = Object.keys(fields);
  if (keys.length === 0) return noMembers;
  const { maxKeys, maxLineBytes } = rules.limits;
  const writer = walk ?? new Walk(rules, maxLineBytes >> 1);
  const byKey = new Map<string, string>();
  const nested = new Map<string, string>();
  let text = '';
  const used = new Set<string>();
  for (const key of keys.slice(0, maxKeys)) {
    const target = reserved.has(key) ? nested : byKey;
    const member = writer.member(
      rules.key(key).lossy ? distinct(key, rules, used) : key,
      peek(fields, key),
      rules.redactor.root,
    );
    if (member === undefined) continue;
    const keyText = member.slice(0, keyLength(member));
    used.add(keyText);
    target.set(keyText, member);
    if (target === byKey) text += `,${member}`;
  }
  if (keys.length > maxKeys) {
    const member = `"…":"[${keys.length - maxKeys} more]"`;
    byKey.set('"…"', member);
    text += `,${member}`;
  }
  return { byKey, nested, names: new Set(keys), text };
};

let depth = 0;

/** True while base, bindings or context are read: what is logged now comes from a getter, `toJSON` or censor in them. */
export const readingLayers = (): boolean => depth > 0;

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
export const layerMembers = (fields: Readonly<Record<string, unknown>>, rules: Rules): Members => {
  if (depth <= 1) return membersOf(fields, rules);
  if (depth > 2) return noMembers;
  return membersOf(
    Object.fromEntries(Object.entries(fields).filter(([, value]) => isPrimitive(value))),
    rules,
  );
};

/** Where the key of `"key":value` ends. */
const keyLength = (member: string): number => {
  let at = 1;
  while (member[at] !== '"') at += member[at] === '\\' ? 2 : 1;
  return at + 1;
};
