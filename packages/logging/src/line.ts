import { type ContextFields, contextFields } from './context.ts';
import { counters } from './counters.ts';
import {
  layerMembers,
  type Members,
  membersOf,
  noMembers,
  readingLayers,
  readLayers,
  reserved,
} from './members.ts';
import { peek, unreadable } from './peek.ts';
import type { Rules } from './rules.ts';
import type { Ready } from './scope.ts';
import { Walk } from './walk.ts';

let cachedTime = Number.NaN;
let cachedText = '';

/** The time as `"…Z"` in milliseconds; a clock that gives no time is not believed. */
const timestamp = (clock: () => number): string => {
  const now = clock();
  if (now !== cachedTime) {
    const time = new Date(now);
    cachedText = (Number.isNaN(time.getTime()) ? new Date() : time).toISOString();
    cachedTime = now;
  }
  return cachedText;
};

const contextTexts = new WeakMap<ContextFields, { rules: Rules; members: Members }>();

/** The context's fields as text, made once per context and set of rules. */
const contextMembers = (rules: Rules): Members => {
  const fields = contextFields();
  if (fields === undefined) return noMembers;
  const known = contextTexts.get(fields);
  if (known?.rules === rules) return known.members;
  const kept = !readingLayers();
  const members = readLayers(() => layerMembers(fields, rules));
  if (kept) contextTexts.set(fields, { rules, members });
  return members;
};

const clashes = (context: Members, bindings: Members, base: Members): boolean => {
  if (context.nested.size + bindings.nested.size + base.nested.size > 0) return true;
  for (const key of context.byKey.keys()) if (bindings.byKey.has(key) || base.byKey.has(key)) return true;
  if (base.byKey.size > 0) for (const key of bindings.byKey.keys()) if (base.byKey.has(key)) return true;
  return false;
};

/** A later layer wins: base < context < bindings < call. Overridden context leaves the head. */
const merged = (
  head: string,
  message: string,
  layers: readonly [Members, Members, Members, Members],
): string => {
  const [, context] = layers;
  const fields = new Map<string, string>();
  const nested = new Map<string, string>();
  for (const layer of layers) {
    for (const [key, member] of layer.byKey) {
      fields.delete(key);
      fields.set(key, member);
    }
    for (const [key, member] of layer.nested) nested.set(key, member);
  }
  let text = head;
  for (const [key, member] of context.byKey) {
    if (fields.get(key) !== member) continue;
    text += `,${member}`;
    fields.delete(key);
  }
  text += `,"message":${message}`;
  for (const member of fields.values()) text += `,${member}`;
  if (nested.size > 0) text += `,"fields":{${[...nested.values()].join(',')}}`;
  return `${text}}`;
};

let open = 0;

/** The fields, or a mark in their place when they cannot even be listed (a revoked proxy). */
const readable = (fields: Record<string, unknown> | undefined): Record<string, unknown> | undefined => {
  if (fields === undefined) return undefined;
  try {
    Object.keys(fields);
    return fields;
  } catch {
    counters.unreadable++;
    return { fields: unreadable.value };
  }
};

/** One record as one line of JSON, without the newline; never throws for what the fields hold. */
export const composeLine = (
  ready: Ready,
  rank: number,
  clock: () => number,
  message: string,
  fields: Record<string, unknown> | undefined,
): string => {
  const { maxLineBytes } = ready.rules.limits;
  // A getter or toJSON that logs gets its line too, but one that logs itself must come to an end.
  const shown =
    open < 3 ? readable(fields) : { fields: '[Left out: logged while records were being written]' };
  open++;
  try {
    for (let budget = maxLineBytes - 512; budget > 64; budget = Math.floor(budget / 4)) {
      const line = compose(ready, rank, clock, message, shown, budget);
      if (line.length * 3 < maxLineBytes || Buffer.byteLength(line) < maxLineBytes) return line;
    }
    const time = timestamp(clock);
    counters.truncations++;
    return `{"timestamp":"${time}",${ready.heads[rank]},"message":${ready.rules.string(message.slice(0, 64))},"truncated":true}`;
  } finally {
    open--;
  }
};

const compose = (
  ready: Ready,
  rank: number,
  clock: () => number,
  message: string,
  fields: Record<string, unknown> | undefined,
  budget: number,
): string => {
  const { rules, base, bindings } = ready;
  const head = `{"timestamp":"${timestamp(clock)}",${ready.heads[rank]}`;
  const context = contextMembers(rules);
  const messageText = rules.string(message);
  const spent =
    head.length + context.text.length + messageText.length + base.text.length + bindings.text.length;
  const walk = new Walk(rules, budget - spent);
  const settled = !clashes(context, bindings, base);

  if (fields === undefined) {
    if (settled) return `${head}${context.text},"message":${messageText}${base.text}${bindings.text}}`;
    return merged(head, messageText, [base, context, bindings, noMembers]);
  }
  const keys = Object.keys(fields);
  let plain = settled && keys.length <= rules.limits.maxKeys;
  for (let at = 0; plain && at < keys.length; at++) {
    const key = keys[at]!;
    plain = !(
      reserved.has(key) ||
      bindings.names.has(key) ||
      base.names.has(key) ||
      context.names.has(key) ||
      rules.key(key).lossy
    );
  }
  if (!plain) return merged(head, messageText, [base, context, bindings, membersOf(fields, rules, walk)]);
  let text = '';
  for (const key of keys) {
    const member = walk.member(key, peek(fields, key), rules.redactor.root);
    if (member !== undefined) text += `,${member}`;
  }
  return `${head}${context.text},"message":${messageText}${base.text}${bindings.text}${text}}`;
};

/** A line for a record that a format or an instrumentation has changed; its values were made safe before. */
export const recomposeLine = (info: Readonly<Record<string, unknown>>, rules: Rules): string =>
  new Walk(rules, rules.limits.maxLineBytes).members(
    Object.keys(info).map((key) => [key, peek(info, key)]),
    -1,
    undefined,
  );
