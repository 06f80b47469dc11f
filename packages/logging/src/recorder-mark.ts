import { clash, layered, membersOf } from './members.ts';
import { peek } from './peek.ts';
import type { Ready } from './scope.ts';

const mark = 'recorded';
const marked = new WeakMap<Ready, Ready>();

/** The same with `"recorded":true` behind the bindings, before the fields of the call. */
export const markedReady = (ready: Ready): Ready => {
  const known = marked.get(ready);
  if (known !== undefined) return known;
  const { base, rules } = ready;
  const bindings = layered(ready.bindings, membersOf({ [mark]: true }, rules));
  const made: Ready = {
    ...ready,
    bindings,
    fixed: base.text + bindings.text,
    settled: ready.settled && !clash(base, bindings),
  };
  marked.set(ready, made);
  return made;
};

const hasMark = (fields: object): boolean => {
  try {
    return Object.hasOwn(fields, mark);
  } catch {
    return false;
  }
};

/** The fields; one that is called as the mark is gets another name. */
export const withoutMark = (
  fields: Readonly<Record<string, unknown>> | undefined,
): Readonly<Record<string, unknown>> | undefined => {
  if (fields === undefined || !hasMark(fields)) return fields;
  const copy: Record<string, unknown> = Object.create(null);
  let free = `${mark}2`;
  for (let turn = 3; Object.hasOwn(fields, free); turn++) free = `${mark}${turn}`;
  for (const key of Object.keys(fields)) copy[key === mark ? free : key] = peek(fields, key);
  return copy;
};
