import type { PolicyLike } from './policy.ts';
import type { PolicyStats } from './stats.ts';
import { nameOf, show } from './validate.ts';

/** A policy of ours, of whatever kind, that can be found by its name. */
export interface NamedPolicy extends PolicyLike {
  readonly name: string;
  on(event: never, listener: never): () => void;
  stats(): PolicyStats;
}

/** Policies by name, for health pages, metrics and settings that change at run time. Nothing enters by itself. */
export class PolicyRegistry {
  readonly #policies = new Map<string, NamedPolicy>();

  /**
   * Adds a policy under its name, and answers it.
   * @throws TypeError for what is no policy of ours, and for a name that is taken.
   */
  add<P extends NamedPolicy>(policy: P): P {
    // By shape, because another copy of this package may have made it.
    const ours = (['execute', 'on', 'stats'] as const).every((part) => typeof policy?.[part] === 'function');
    if (!ours) throw new TypeError(`add needs a policy of this package, got ${show(policy)}`);
    const name = nameOf(policy.name, '');
    if (name === '') throw new TypeError('add needs a policy with a name, got one without');
    if (this.#policies.has(name))
      throw new TypeError(`the registry has a policy "${name}" already; remove it first`);
    this.#policies.set(name, policy);
    return policy;
  }

  /** Undefined when there is none of this name. */
  get(name: string): NamedPolicy | undefined {
    return this.#policies.get(name);
  }

  /** Answers whether there was such a policy. */
  remove(name: string): boolean {
    return this.#policies.delete(name);
  }

  /** In the order in which they were added. */
  names(): string[] {
    return [...this.#policies.keys()];
  }

  /** What each policy that can explain itself says, by name. */
  explain(): Record<string, unknown> {
    const told = [...this.#policies].flatMap(([name, policy]) => {
      const { explain } = policy as { explain?: unknown };
      return typeof explain === 'function' ? [[name, explain.call(policy)] as const] : [];
    });
    return Object.fromEntries(told);
  }
}

/** The registry of the process, for those who want just one. */
export const policies: PolicyRegistry = new PolicyRegistry();
