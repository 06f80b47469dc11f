import { Emitter } from './events.ts';
import { elementsOf, type Policy, type PolicyLike, policyOf } from './policy.ts';
import { Stage } from './stage.ts';
import { Recorder } from './stats.ts';
import { systemClock } from './timers.ts';
import { show } from './validate.ts';

/** What a policy may answer in the call's place. */
export type AltOf<P> = P extends { readonly _altReturn: infer A } ? A : never;

const assertPolicy = (where: string, policy: unknown): void => {
  if (typeof (policy as PolicyLike | null | undefined)?.execute !== 'function')
    throw new TypeError(`${where} must be a policy (with execute), got ${show(policy)}`);
};

/**
 * One policy out of several, the first outermost: `compose(a, b).execute(f)` is `a.execute(() => b.execute(f))`.
 * Policies of ours and of cockatiel mix. Of nothing it is a policy that only calls.
 * @throws TypeError here for something that has no `execute`.
 */
export function compose<P extends readonly PolicyLike[]>(
  ...policies: P
): Policy<AltOf<P[number]>, 'success' | 'failure'> {
  policies.forEach((policy, at) => {
    assertPolicy(`compose argument ${at + 1}`, policy);
  });
  const whole = new Stage({
    emitter: new Emitter('compose', ['success', 'failure']),
    recorder: new Recorder(),
    clock: systemClock,
  });
  return policyOf([whole, ...policies.flatMap(elementsOf)]);
}
