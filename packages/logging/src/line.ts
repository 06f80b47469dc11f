import { type ContextText, clashesWith, contextText } from './context-text.ts';
import { counters } from './counters.ts';
import { addField, addLayer, addLine, Info, LEVEL } from './info.ts';
import { byKey, type Members, membersOf, noMembers } from './members.ts';
import { unreadable } from './peek.ts';
import type { Ready } from './scope.ts';
import { isoTime } from './time.ts';
import { Walk } from './walk.ts';

/** A later layer wins: base < context < bindings < call. Overridden context leaves the head. */
export const merged = (
  ready: Ready,
  head: string,
  message: string,
  context: ContextText | undefined,
  call: Members,
  info: Info | undefined,
): string => {
  const { base, bindings, rules, tail } = ready;
  const { shape } = rules;
  const layers = [base, context?.members ?? noMembers, bindings, call];
  const fields = byKey(layers.map(({ members }) => members));
  const nested = byKey(layers.map((layer) => layer.nested));
  let text = head;
  const renamed = shape.contextFirst ? undefined : new Set(shape.rename.values());
  for (const member of context?.members.members ?? []) {
    const key = member.slice(1, member.indexOf('":'));
    if (renamed !== undefined && !renamed.has(key)) continue;
    const own = member.slice(0, key.length + 3);
    if (fields.get(own) !== member) continue;
    text += `,${member}`;
    fields.delete(own);
  }
  text += shape.message + message + tail;
  for (const member of fields.values()) text += `,${member}`;
  if (nested.size > 0) text += `,"fields":{${[...nested.values()].join(',')}}`;
  text += shape.close;
  if (info !== undefined) {
    addLine(info, text, rules);
    addHead(info, JSON.parse(message) as string);
  }
  return text;
};

let open = 0;
const spare = new Walk(undefined as never, 0);

/** The fields, or a mark in their place when they cannot even be listed (a revoked proxy). */
const readable = (fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => {
  try {
    Object.keys(fields);
    return fields;
  } catch {
    counters.unreadable++;
    return { fields: unreadable.value };
  }
};

const logsItself = { fields: '[Left out: logged while records were being written]' };

/**
 * One record as one line of JSON, without the newline; never throws for what the fields hold.
 * @param info Gets the parts of the record, for transports and formats.
 */
export const composeLine = (
  ready: Ready,
  index: number,
  message: string,
  fields: Readonly<Record<string, unknown>> | undefined,
  info?: Info,
): string => {
  const { rules, clock, heads } = ready;
  const { maxLineBytes } = rules.limits;
  const time = isoTime(clock());
  const top = rules.shape.time + time + heads[index];
  if (info !== undefined) Info.setTime(info, time);
  // A getter or toJSON that logs gets its line too, but one that logs itself must come to an end.
  const shown = fields === undefined || open < 3 ? fields : logsItself;
  open++;
  try {
    const line = compose(ready, top, message, shown, maxLineBytes - 512, info);
    if (line.length * 3 < maxLineBytes || Buffer.byteLength(line) < maxLineBytes) return line;
    const cut = shorter(ready, top, message, shown);
    if (info !== undefined) addLine(info, cut, rules);
    return cut;
  } finally {
    open--;
  }
};

/** The record again, with less and less room, until its line is short enough. */
const shorter = (
  ready: Ready,
  top: string,
  message: string,
  fields: Readonly<Record<string, unknown>> | undefined,
): string => {
  const { rules, tail } = ready;
  const { maxLineBytes } = rules.limits;
  counters.truncations++;
  for (let budget = (maxLineBytes - 512) >> 2; budget > 64; budget >>= 2) {
    const line = compose(ready, top, message, fields, budget, undefined);
    if (Buffer.byteLength(line) < maxLineBytes) return line;
  }
  const { shape } = rules;
  return `${top}${shape.message}${rules.beginning(message, 64)}${tail},"truncated":true${shape.close}`;
};

const compose = (
  ready: Ready,
  top: string,
  message: string,
  fields: Readonly<Record<string, unknown>> | undefined,
  budget: number,
  info: Info | undefined,
): string => {
  const { rules, fixed, tail } = ready;
  const { shape } = rules;
  const context = contextText(rules);
  const settled = ready.settled && (context === undefined || !clashesWith(context, ready));
  const messageText = rules.string(message);
  let start = top;
  if (context === undefined) start += shape.message + messageText + tail + fixed;
  else start += context.head + shape.message + messageText + tail + context.rest + fixed;
  if (settled && info !== undefined)
    addLayers(info, ready, context, fields === undefined ? messageText : undefined);
  if (fields === undefined)
    return settled ? start + shape.close : merged(ready, top, messageText, context, noMembers, info);
  const walk = open > 1 ? new Walk(rules, 0) : spare;
  const left = budget - start.length;
  const text = settled ? plainMembers(ready, context, fields, walk.reset(rules, left), info) : undefined;
  if (text !== undefined) {
    if (info !== undefined) addHead(info, JSON.parse(messageText) as string);
    return start + text + shape.close;
  }
  const call = membersOf(readable(fields), rules, walk.reset(rules, left));
  return merged(ready, top, messageText, context, call, info);
};

/** Fills a record in winston's order, which shows where a format writes all it has: the message last if fields follow. */
const addLayers = (
  info: Info,
  ready: Ready,
  context: ContextText | undefined,
  messageText: string | undefined,
): void => {
  addLayer(info, ready.bindings);
  if (messageText !== undefined) {
    info.message = JSON.parse(messageText) as string;
    info.level = info[LEVEL];
  }
  addLayer(info, ready.base);
  addLayer(info, context?.members);
};

const addHead = (info: Info, message: string): void => {
  info.level = info[LEVEL];
  info.message = message;
};

/** The call's fields as text, when none of them needs more care than most; else undefined. */
const plainMembers = (
  ready: Ready,
  context: ContextText | undefined,
  fields: Readonly<Record<string, unknown>>,
  walk: Walk,
  info: Info | undefined,
): string | undefined => {
  const { rules, bindings, base } = ready;
  let text = '';
  try {
    const names = Object.keys(fields);
    if (names.length > rules.limits.maxKeys) return undefined;
    for (let at = 0; at < names.length; at++) {
      const name = names[at] as string;
      const key = rules.key(name);
      if (
        key.odd ||
        (bindings !== noMembers && bindings.names.includes(name)) ||
        (base !== noMembers && base.names.includes(name)) ||
        context?.members.names.includes(name)
      )
        return undefined;
      const value = fields[name];
      const shown = walk.field(key, name, value, rules.root, 0);
      if (shown === undefined) continue;
      text += key.next + shown;
      if (info !== undefined) addField(info, rules, key, name, value, shown);
    }
  } catch {
    return undefined;
  }
  return text;
};
