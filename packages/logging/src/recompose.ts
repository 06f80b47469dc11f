import { Info } from './info.ts';
import { merged } from './line.ts';
import { membersOf, noMembers } from './members.ts';
import { peek } from './peek.ts';
import type { Ready } from './scope.ts';
import { isoTime } from './time.ts';
import { Walk } from './walk.ts';

/** A line for a record that a format or an instrumentation has changed; its values were made safe before. */
export const recomposeLine = (ready: Ready, info: Readonly<Record<string, unknown>>): string => {
  const rules = ready.rules.withoutRedaction;
  const { shape, limits } = rules;
  const fields: Record<string, unknown> = Object.create(null);
  for (const key of Object.keys(info)) fields[key] = peek(info, key);
  const { level, message, timestamp, logger, ...rest } = fields;
  const time = textOr(timestamp, Info.timeOf(info) ?? isoTime(ready.clock()));
  const name = rules.string(textOr(logger, ready.name));
  const head = shape.head(rules.string(textOr(level, 'info')).slice(1, -1), name);
  const top = shape.time + rules.string(time).slice(1, -1) + head;
  const call = membersOf(rest, rules, new Walk(rules, limits.maxLineBytes));
  const bare = { ...ready, rules, base: noMembers, bindings: noMembers };
  const text =
    typeof message === 'string' ? rules.string(message) : (new Walk(rules, 4_096).value(message) ?? '""');
  return merged(bare, top, text, undefined, call, undefined);
};

const textOr = (value: unknown, otherwise: string): string => (typeof value === 'string' ? value : otherwise);
