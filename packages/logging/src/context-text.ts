import { clash, layerMembers, type Members, readingLayers, readLayers } from './members.ts';
import type { Rules } from './rules.ts';
import type { Ready } from './scope.ts';
import { recordFields } from './trace/active.ts';

/** The context's fields as text, and whether they have a name in common with a logger's own. */
export interface ContextText {
  readonly rules: Rules;
  readonly members: Members;
  /** What stands before the message. */
  readonly head: string;
  /** What stands behind it. */
  readonly rest: string;
  /** The logger that was asked last, and its answer. */
  ready: Ready | undefined;
  clashes: boolean;
}

const contextTexts = new WeakMap<object, ContextText>();
const makeContextText = (fields: Readonly<Record<string, unknown>>, rules: Rules): ContextText => {
  const { rename, contextFirst } = rules.shape;
  const members = readLayers(() => layerMembers(fields, rules, rename));
  let head = members.text;
  let rest = '';
  if (!contextFirst) {
    const top = new Set([...rename.values()].map((name) => rules.key(name).text));
    const isTop = (member: string): boolean => [...top].some((key) => member.startsWith(key));
    head = members.members
      .filter(isTop)
      .map((member) => `,${member}`)
      .join('');
    rest = members.members
      .filter((member) => !isTop(member))
      .map((member) => `,${member}`)
      .join('');
  }
  return { rules, members, head, rest, ready: undefined, clashes: false };
};

/** Made once per context and set of rules. */
export const contextText = (rules: Rules): ContextText | undefined => {
  const fields = recordFields();
  if (fields === undefined) return undefined;
  const known = contextTexts.get(fields);
  if (known?.rules === rules) return known;
  const kept = !readingLayers();
  const made = makeContextText(fields, rules);
  if (kept) contextTexts.set(fields, made);
  return made;
};

/** Whether the context and a logger have a name in common, or the context one that the line uses itself. */
export const clashesWith = (context: ContextText, ready: Ready): boolean => {
  if (context.ready !== ready) {
    context.ready = ready;
    context.clashes =
      context.members.nested.length > 0 ||
      clash(context.members, ready.bindings) ||
      clash(context.members, ready.base);
  }
  return context.clashes;
};
