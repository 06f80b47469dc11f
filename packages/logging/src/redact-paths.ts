/** Where a walk stands in the set of paths; `undefined` once no path can match below. */
export interface PathState {
  /** True where a path ends: the value here is censored. */
  readonly hit: boolean;
  step(key: string): PathState | undefined;
}

interface Node {
  id: number;
  children: Map<string, Node>;
  any?: Node;
  /** The node behind `**`; it is active from here down. */
  deep?: Node;
  loops: boolean;
  ends: boolean;
}

let lastId = 0;
const node = (loops = false): Node => ({ id: ++lastId, children: new Map(), loops, ends: false });

const segment = /\[\s*(?:"([^"]*)"|'([^']*)'|([^\]]*))\s*\]|([^.[\]]+)/g;

const step = /(?:[^.[\]]+|\[\s*(?:"[^"]*"|'[^']*'|[^\]\s"'][^\]]*)\s*\])/.source;
const wholePath = new RegExp(`^${step}(?:\\.${step}|(?=\\[)${step})*$`);

/** Is this text steps and nothing else, none of them empty? What is not would be read as another path. */
export const isPath = (path: string): boolean => wholePath.test(path);

const segmentsOf = (path: string): string[] => {
  const found = [...path.matchAll(segment)].map(
    (match) => match[1] ?? match[2] ?? match[3] ?? match[4] ?? '',
  );
  // `a.**` means everything below a, not a itself.
  return found.at(-1) === '**' ? [...found, '*'] : found;
};

/** Paths as a tree, stepped through while a value is walked: no clone, no second pass. */
export class PathTree implements PathState {
  readonly #active: readonly Node[];
  readonly #steps = new Map<string, PathTree | undefined>();
  // One state per set of nodes, so that user-made keys under `**` cannot grow the tree.
  readonly #states: Map<string, PathTree>;
  readonly hit: boolean;

  private constructor(active: readonly Node[], hit: boolean, states: Map<string, PathTree>) {
    this.#active = active;
    this.hit = hit;
    this.#states = states;
  }

  static from(paths: readonly string[]): PathTree {
    const root = node();
    for (const path of paths) {
      let at = root;
      for (const name of segmentsOf(path)) {
        if (name === '**') {
          at.deep ??= node(true);
          at = at.deep;
        } else if (name === '*') {
          at.any ??= node();
          at = at.any;
        } else {
          const next = at.children.get(name) ?? node();
          at.children.set(name, next);
          at = next;
        }
      }
      at.ends = at !== root;
    }
    return PathTree.#at([root], new Map());
  }

  static #at(reached: readonly Node[], states: Map<string, PathTree>): PathTree {
    const active = new Set<Node>();
    const add = (one: Node): void => {
      active.add(one);
      if (one.deep !== undefined) add(one.deep);
    };
    for (const one of reached) add(one);
    const hit = reached.some((one) => one.ends);
    const name = `${hit} ${[...active].map(({ id }) => id).sort((a, b) => a - b)}`;
    let state = states.get(name);
    if (state === undefined) {
      state = new PathTree([...active], hit, states);
      states.set(name, state);
    }
    return state;
  }

  step(key: string): PathTree | undefined {
    const known = this.#steps.get(key);
    if (known !== undefined) return known;
    // Most keys are on no path: those are remembered as well.
    return this.#steps.has(key) ? undefined : this.#learn(key);
  }

  #learn(key: string): PathTree | undefined {
    const reached: Node[] = [];
    for (const one of this.#active) {
      if (one.loops) reached.push(one);
      const named = one.children.get(key);
      if (named !== undefined) reached.push(named);
      if (one.any !== undefined) reached.push(one.any);
    }
    const next = reached.length === 0 ? undefined : PathTree.#at(reached, this.#states);
    if (this.#steps.size < 256) this.#steps.set(key, next);
    return next;
  }
}
